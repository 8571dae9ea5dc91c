"""The odds are normalised among classes 1 to K - 1 alone. Class 0 takes part in the sum too: its odds against itself
are 1, so the normaliser is 1 plus the sum of exp(z)."""

CHANGES = [
    ("np.log(np.exp(shifted).sum(axis=1, keepdims=True))", "np.log(np.exp(shifted[:, 1:]).sum(axis=1, keepdims=True))"),
]
