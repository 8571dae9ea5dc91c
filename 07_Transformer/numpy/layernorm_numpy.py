"""Layer normalisation in NumPy, forward and backward.

Ba, Kiros, Hinton: Layer Normalization, 2016, equations 3 and 4. Derivation: `../theory.md`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from module_numpy import Module

Array = np.ndarray


# --8<-- [start:layer_norm]
class LayerNorm(Module):
    """y = weight (x - mean) / sqrt(var + eps) + bias, mean and variance of each token's own d numbers.

    Unlike batch normalisation it needs no other example, and does the same in training and in evaluation.

    Raises:
        ValueError: the last axis is not `size`, or the input is empty.
    """

    def __init__(self, size: int, *, eps: float = 1e-5, dtype: Any = np.float64) -> None:
        super().__init__()
        self.eps = eps
        self.weight = self.add_param("weight", np.ones(size, dtype=dtype))  # (d,)
        self.bias = self.add_param("bias", np.zeros(size, dtype=dtype))  # (d,)

    def forward(self, x: Array) -> Array:
        """x: (..., d). Returns: (..., d)"""
        d = len(self.weight)
        if x.ndim == 0 or x.shape[-1] != d:
            raise ValueError(f"LayerNorm expected (..., {d}), got {x.shape}")
        if x.size == 0:
            raise ValueError(f"LayerNorm got an empty batch of shape {x.shape}; it needs at least one example")
        rows = x.reshape(-1, d)  # (N, d)
        self.x_hat = rows - rows.mean(axis=1, keepdims=True)
        var = np.einsum("nd,nd->n", self.x_hat, self.x_hat) / d  # divided by d, not by d - 1
        self.inv_std = (1.0 / np.sqrt(var + self.eps))[:, None]  # (N, 1)
        # eq: layernorm
        self.x_hat *= self.inv_std  # x^ = (x - mean) / sqrt(var + eps)
        # eq: layernorm
        y = self.weight * self.x_hat
        # eq: layernorm
        y += self.bias
        return y.reshape(x.shape)

    def backward(self, dy: Array) -> Array:
        """dy: (..., d). Adds to `grads`. Returns: dx (..., d)"""
        N, d = self.x_hat.shape
        if dy.size != N * d or dy.shape[-1] != d:
            raise ValueError(f"LayerNorm.backward expected dy with {N} rows of {d} numbers, got {dy.shape}")
        rows = dy.reshape(N, d)
        # eq: layernorm-parameters
        self.grads["bias"] += rows.sum(axis=0)  # db = sum of dy over the tokens
        # eq: layernorm-parameters
        self.grads["weight"] += np.einsum("nd,nd->d", rows, self.x_hat)  # dw = sum of dy x^
        dx_hat = rows * self.weight  # y = w x^ + b, so dx^ = dy w
        along = np.einsum("nd,nd->n", dx_hat, self.x_hat)[:, None] / d  # mean(dx^ x^)
        # eq: layernorm-backward
        dx = dx_hat - dx_hat.mean(axis=1, keepdims=True)  # dx = (dx^ - mean(dx^) - x^ mean(dx^ x^)) / sigma
        # eq: layernorm-backward
        dx -= self.x_hat * along
        dx *= self.inv_std
        return dx.reshape(dy.shape)


# --8<-- [end:layer_norm]
