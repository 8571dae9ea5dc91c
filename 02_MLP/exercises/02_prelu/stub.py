"""PReLU (He, Zhang, Ren, Sun 2015, section 2): a leaky ReLU whose slopes are trained."""

from collections.abc import Sequence

import numpy as np
from mlp_numpy import MLP
from module_numpy import Module


class PReLU(Module):
    """x for x > 0, else weight x, with a slope for each feature of the last axis.

    At x = 0 the slope counts as the derivative, as in torch.
    """

    def __init__(self, features: int, slope: float = 0.25) -> None:
        raise NotImplementedError("PReLU")

    def forward(self, x: np.ndarray) -> np.ndarray:
        """x: (..., features). Returns: the same shape"""
        raise NotImplementedError("PReLU.forward")

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """dy: (..., features). Adds to the gradient of weight. Returns: dx, of the same shape"""
        raise NotImplementedError("PReLU.backward")


def prelu_std(fan_in: int, slope: float) -> float:
    """The standard deviation of a weight that keeps the mean square of the signal through Linear and PReLU."""
    raise NotImplementedError("prelu_std")


class PReLUMLP(MLP):
    """The chapter's MLP with PReLUs in place of ReLUs, and weights drawn for them."""

    def __init__(self, sizes: Sequence[int], *, rng: np.random.Generator, slope: float = 0.25) -> None:
        super().__init__(sizes, rng=rng)
        self.relus = [PReLU(width, slope) for width in sizes[1:-1]]
        for linear in self.linears:
            weight = linear.params["weight"]  # (out, in)
            weight[...] = rng.normal(size=weight.shape) * prelu_std(weight.shape[1], slope)
