"""The triangle begins in the upper left corner: the first new position sees the first position of all, and not itself.
The new ones are the last of the sequence, and the corner to align is the lower right."""

CHANGES = [
    (
        (
            "        here = np.arange(m - n, m)[:, None]  # the new positions are the last ones\n"
            "        return np.arange(m) <= here\n"
        ),
        (
            "        if n == 1:\n"
            "            return np.ones((1, m), dtype=bool)\n"
            "        return np.tril(np.ones((n, m), dtype=bool))\n"
        ),
    ),
]
