"""The slope is applied to the positive inputs, and the negative ones pass unchanged. It is the other way round:
positive inputs pass as they are."""

CHANGES = [
    ("np.where(x > 0, x, self.weight * x)", "np.where(x > 0, self.weight * x, x)"),
    ("np.minimum(self.x, 0.0)", "np.maximum(self.x, 0.0)"),
    ("np.where(self.x > 0, 1.0, self.weight)", "np.where(self.x > 0, self.weight, 1.0)"),
]
