"""The queries are numbered from zero. Behind a cache they stand further right, and all distances are wrong by its
length."""

CHANGES = [
    ("here = np.arange(m - n, m)[:, None]  # the queries are the last n positions", "here = np.arange(n)[:, None]"),
]
