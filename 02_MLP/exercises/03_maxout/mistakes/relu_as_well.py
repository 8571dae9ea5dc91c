"""A ReLU stands behind the maximum. A maxout unit needs none: the maximum is the activation, and its outputs may
be negative."""

CHANGES = [
    ("np.take_along_axis(z, self.winner, axis=-1)[..., 0]", "np.maximum(z.max(axis=-1), 0.0)"),
]
