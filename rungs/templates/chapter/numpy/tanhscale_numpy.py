"""TITLE in NumPy. Derivations: `../theory.md`.

TODO(rungs new): the paper's layers in place of `Scale`, each with its gradient; name the paper and its sections here.

    B  batch    D  width
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray


# --8<-- [start:layer]
class Scale:
    """y = a x, with a scale for each place of the last axis.

    Args:
        rng: draws the scales around 1.

    Raises:
        ValueError: the input is not (B, width).
    """

    def __init__(self, width: int, *, rng: np.random.Generator, dtype: Any = np.float64) -> None:
        self.params = {"weight": rng.normal(1.0, 0.1, size=width).astype(dtype)}  # (D,)
        self.grads = {"weight": np.zeros(width, dtype)}

    def forward(self, x: Array) -> Array:
        """x: (B, D). Returns: (B, D)"""
        width = len(self.params["weight"])
        if x.ndim != 2 or x.shape[1] != width:
            raise ValueError(f"Scale expected (B, {width}), got {x.shape}")
        self.x = x
        return x * self.params["weight"]

    def backward(self, dy: Array) -> Array:
        """dy: (B, D). Adds to `grads`. Returns: dx (B, D)"""
        self.grads["weight"] += (dy * self.x).sum(axis=0)  # dL/da = sum over the batch of dy x
        return dy * self.params["weight"]  # dL/dx = dy a

    def zero_grads(self) -> None:
        self.grads["weight"][...] = 0.0


# --8<-- [end:layer]


# --8<-- [start:model]
class TanhScale:
    """y = tanh(a x). Its parameters are the layer's own arrays, under the names of the paper level."""

    def __init__(self, width: int, *, rng: np.random.Generator, dtype: Any = np.float64) -> None:
        self.scale = Scale(width, rng=rng, dtype=dtype)
        self.params = {"scale.weight": self.scale.params["weight"]}
        self.grads = {"scale.weight": self.scale.grads["weight"]}

    def forward(self, x: Array) -> Array:
        """x: (B, D). Returns: y (B, D)"""
        self.y = np.tanh(self.scale.forward(x))
        return self.y

    def backward(self, dy: Array) -> Array:
        """dy: (B, D). Adds to `grads`. Returns: dx (B, D)"""
        dz = dy * (1.0 - self.y**2)  # tanh' = 1 - tanh^2
        return self.scale.backward(dz)

    def zero_grads(self) -> None:
        self.scale.zero_grads()


# --8<-- [end:model]
