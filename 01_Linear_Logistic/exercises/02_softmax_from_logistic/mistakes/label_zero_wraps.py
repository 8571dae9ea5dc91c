"""The 1 is subtracted in column label - 1. For label 0 that is column -1, which NumPy takes for the last class. An
example of the reference class has nothing to subtract: among the K - 1 columns its one-hot vector is all zeros."""

CHANGES = [
    ("dlogits[np.arange(n), labels] -= 1.0", "dlogits = dlogits[:, 1:]"),
    ("dz = dlogits[:, 1:] / n", "dlogits[np.arange(n), labels - 1] -= 1.0\n    dz = dlogits / n"),
]
