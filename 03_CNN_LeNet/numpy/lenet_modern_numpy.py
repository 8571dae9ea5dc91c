"""LeNet-5 as it is usually written today: ReLU, max-pooling, every map connected, a linear output and softmax.

The same sizes otherwise. It has 61,706 parameters, and is what most tutorials call LeNet-5; `lenet_numpy` has the paper's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from activations_numpy import ReLU
from conv_numpy import Conv2d, MaxPool2d
from linear_numpy import Linear
from mlp_numpy import he_normal
from module_numpy import Module

Array = np.ndarray


# --8<-- [start:modern_model]
class LeNetModern(Module):
    """C1, pool, C3, pool, C5, F6 with ReLU, then a linear output: logits for a cross-entropy.

    Args:
        rng: draws every weight by He's rule; the biases start at zero.
    """

    def __init__(self, *, rng: np.random.Generator, dtype: Any = np.float64) -> None:
        super().__init__()
        self.c1 = Conv2d(1, 6, 5, rng=rng, dtype=dtype)
        self.r1 = ReLU()
        self.s2 = MaxPool2d(2)
        self.c3 = Conv2d(6, 16, 5, rng=rng, dtype=dtype)
        self.r3 = ReLU()
        self.s4 = MaxPool2d(2)
        self.c5 = Conv2d(16, 120, 5, rng=rng, dtype=dtype)
        self.r5 = ReLU()
        self.f6 = Linear(120, 84, rng=rng, dtype=dtype)
        self.r6 = ReLU()
        self.output = Linear(84, 10, rng=rng, dtype=dtype)
        for layer in (self.c1, self.c3, self.c5, self.f6, self.output):
            weight = layer.params["weight"]
            weight[...] = he_normal(weight.shape, rng=rng)

    def forward(self, x: Array) -> Array:
        """x: (B, 1, 32, 32). Returns: logits (B, 10)"""
        if x.ndim != 4 or x.shape[1:] != (1, 32, 32):
            raise ValueError(f"LeNetModern expected (B, 1, 32, 32), got {x.shape}")
        x = self.s2.forward(self.r1.forward(self.c1.forward(x)))  # (B, 6, 14, 14)
        x = self.s4.forward(self.r3.forward(self.c3.forward(x)))  # (B, 16, 5, 5)
        x = self.r5.forward(self.c5.forward(x))  # (B, 120, 1, 1)
        x = self.r6.forward(self.f6.forward(x[:, :, 0, 0]))  # (B, 84)
        return self.output.forward(x)  # (B, 10)

    def backward(self, dlogits: Array, *, input_grad: bool = True) -> Array | None:
        """dlogits: (B, 10). Adds to `grads`. Returns: dx (B, 1, 32, 32), or None where it is not asked for"""
        dx = self.output.backward(dlogits)  # (B, 84)
        dx = self.f6.backward(self.r6.backward(dx))[:, :, None, None]  # (B, 120, 1, 1)
        dx = self.c5.backward(self.r5.backward(dx))  # (B, 16, 5, 5)
        dx = self.c3.backward(self.r3.backward(self.s4.backward(dx)))  # (B, 6, 14, 14)
        dx = self.r1.backward(self.s2.backward(dx))  # (B, 6, 28, 28)
        self.c1.backward_params(dx)
        return self.c1.backward_input(dx) if input_grad else None


# --8<-- [end:modern_model]
