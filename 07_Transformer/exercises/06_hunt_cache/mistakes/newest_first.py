"""The new keys are put in front of the old ones. The mask goes by the order of the positions, and hides the wrong
ones."""

CHANGES = [
    (
        "np.concatenate([self.keys, k]), np.concatenate([self.values, v])",
        "np.concatenate([k, self.keys]), np.concatenate([v, self.values])",
    ),
]
