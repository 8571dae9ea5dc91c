"""Each output is differentiated by its own input alone. The denominator contains every input, so raising one score lowers
all other probabilities: the entries beside the diagonal are not zero."""

CHANGES = [
    ("np.diag(p) - np.outer(p, p)", "np.diag(p * (1 - p))"),
]
