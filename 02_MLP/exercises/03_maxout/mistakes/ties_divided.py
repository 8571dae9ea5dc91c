"""Equal pieces share the gradient. Its sum is right, and so is dx, but then pieces that are equal get equal
gradients and stay equal for ever: the unit never learns to use its second piece. Giving it to one of them breaks
the tie."""

CHANGES = [
    (
        "self.winner = z.argmax(axis=-1, keepdims=True)",
        "self.z = z\n        self.winner = z.argmax(axis=-1, keepdims=True)",
    ),
    (
        "np.put_along_axis(dz, self.winner, dy[..., np.newaxis], axis=-1)",
        "best = self.z == self.z.max(axis=-1, keepdims=True)\n"
        "        dz[...] = dy[..., np.newaxis] * best / best.sum(axis=-1, keepdims=True)",
    ),
]
