"""Forward divides the scores by the root of d_k, and backward does not. The division is a step of the computation like
the others."""

CHANGES = [
    ("(a * da).sum(axis=-1, keepdims=True)) / np.sqrt(q.shape[3])", "(a * da).sum(axis=-1, keepdims=True))"),
]
