"""Once there is something in the cache, everything is visible. That is right for one new position; with several, each
sees those behind it in its own piece."""

CHANGES = [
    (
        (
            "        here = np.arange(m - n, m)[:, None]  # the new positions are the last ones\n"
            "        return np.arange(m) <= here\n"
        ),
        (
            "        if m > n:\n"
            "            return np.ones((n, m), dtype=bool)\n"
            "        return np.tril(np.ones((n, m), dtype=bool))\n"
        ),
    ),
]
