"""The queries are numbered from zero. With a cache they are the last of the positions, and every distance is then too
short by the length of the cache."""

CHANGES = [
    ("np.arange(m - n, m)", "np.arange(n)"),
]
