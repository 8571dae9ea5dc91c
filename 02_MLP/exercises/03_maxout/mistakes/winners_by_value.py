"""Whoever equals the maximum gets the gradient. With a tie that is more than one piece, and the gradient is
counted twice: all contributions together must sum to dy. Choose one, by its position."""

CHANGES = [
    (
        "self.winner = z.argmax(axis=-1, keepdims=True)",
        "self.z = z\n        self.winner = z.argmax(axis=-1, keepdims=True)",
    ),
    (
        "np.put_along_axis(dz, self.winner, dy[..., np.newaxis], axis=-1)",
        "dz[...] = dy[..., np.newaxis] * (self.z == self.z.max(axis=-1, keepdims=True))",
    ),
]
