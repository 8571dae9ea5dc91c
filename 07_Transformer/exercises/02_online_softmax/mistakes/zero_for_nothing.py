"""The top of no keys is 0. Zero is a score like any other: all scores of a later part may lie far below it, and their
exponentials are then lost."""

CHANGES = [
    ("np.full((n, 1), -np.inf)", "np.zeros((n, 1))"),
]
