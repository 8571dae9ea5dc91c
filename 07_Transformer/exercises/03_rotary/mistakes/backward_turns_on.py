"""Backward turns in the same direction as forward. The gradient is multiplied by the transpose, and the transpose of a
rotation turns back."""

CHANGES = [
    ("rotate(dy, -np.asarray(positions), base)", "rotate(dy, np.asarray(positions), base)"),
]
