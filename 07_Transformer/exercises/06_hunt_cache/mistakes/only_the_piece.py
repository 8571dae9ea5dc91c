"""A position sees only its own piece. The cache is filled and never looked at."""

CHANGES = [
    ("        return np.arange(m) <= here\n", "        return (np.arange(m) <= here) & (np.arange(m) >= m - n)\n"),
]
