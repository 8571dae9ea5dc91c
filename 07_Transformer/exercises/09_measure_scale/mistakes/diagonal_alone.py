"""Only the diagonal p (1 - p) is counted. The products p_j p_l beside it are part of the matrix, and as large."""

CHANGES = [
    ("squares - 2 * cubes + squares**2, 0.0", "(p**2 * (1 - p) ** 2).sum(axis=1), 0.0"),
]
