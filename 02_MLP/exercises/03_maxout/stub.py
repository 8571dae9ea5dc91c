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
        raise NotImplementedError("Maxout.forward")

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """dy: (..., out). Adds to `grads`. Returns: dx (..., in)"""
        raise NotImplementedError("Maxout.backward")


def relu_as_maxout(weight: np.ndarray, bias: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """weight: (out, in), bias: (out,). Returns: (2 out, in) and (2 out,), for a Maxout with two pieces."""
    raise NotImplementedError("relu_as_maxout")
