"""The triangle is shifted by one too much: each position sees the next one of its piece, the very word that it is to
predict."""

CHANGES = [
    ("np.arange(m) <= here", "np.arange(m) <= here + 1"),
]
