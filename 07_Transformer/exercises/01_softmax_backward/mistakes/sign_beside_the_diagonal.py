"""The entries beside the diagonal have the wrong sign. A score that rises takes probability away from the others; the rows
of the Jacobian sum to zero."""

CHANGES = [
    ("np.diag(p) - np.outer(p, p)", "np.diag(p) + np.outer(p, p) - 2 * np.diag(p * p)"),
]
