"""The smallest label of the batch is taken for the reference class. A batch need not hold an example of class 0;
the reference stays class 0."""

CHANGES = [
    ("dlogits[np.arange(n), labels] -= 1.0", "dlogits[np.arange(n), labels - labels.min()] -= 1.0"),
]
