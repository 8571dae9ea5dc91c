"""Maxout (Goodfellow, Warde-Farley, Mirza, Courville, Bengio 2013): each unit is the largest of several linear pieces."""

import numpy as np
from linear_numpy import Linear
from module_numpy import Module


class Maxout(Module):
    """h_j = max over p of (W x + b)_jp. Rows j P to j P + P - 1 of the linear part belong to unit j."""

    def __init__(self, in_features: int, out_features: int, pieces: int, *, rng: np.random.Generator) -> None:
        super().__init__()
        self.out_features = out_features
        self.pieces = pieces
        self.linear = Linear(in_features, out_features * pieces, rng=rng)

    def forward(self, x: np.ndarray) -> np.ndarray:
        """x: (..., in). Returns: (..., out)"""
        z = self.linear.forward(x)  # (..., out P)
        z = z.reshape(*z.shape[:-1], self.out_features, self.pieces)  # (..., out, P)
        self.winner = z.argmax(axis=-1, keepdims=True)  # (..., out, 1): the first of the largest
        return np.take_along_axis(z, self.winner, axis=-1)[..., 0]

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """dy: (..., out). Adds to `grads`. Returns: dx (..., in)"""
        dz = np.zeros((*dy.shape, self.pieces))
        np.put_along_axis(dz, self.winner, dy[..., np.newaxis], axis=-1)  # dh/dz = 1 for the winner, else 0
        return self.linear.backward(dz.reshape(*dy.shape[:-1], -1))  # (..., out, P) -> (..., out P)


def relu_as_maxout(weight: np.ndarray, bias: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """weight: (out, in), bias: (out,). Returns: (2 out, in) and (2 out,), for a Maxout with two pieces."""
    wide, long = np.zeros((2 * len(weight), weight.shape[1])), np.zeros(2 * len(bias))
    wide[::2], long[::2] = weight, bias  # the first piece of each unit; the second is the constant 0
    return wide, long
