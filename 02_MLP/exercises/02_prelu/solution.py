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
        super().__init__()
        self.weight = self.add_param("weight", np.full(features, slope))

    def forward(self, x: np.ndarray) -> np.ndarray:
        """x: (..., features). Returns: the same shape"""
        self.x = x
        return np.where(x > 0, x, self.weight * x)

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """dy: (..., features). Adds to the gradient of weight. Returns: dx, of the same shape"""
        negative = np.minimum(self.x, 0.0)  # dy_j/da_j = x_j where x_j <= 0, else 0
        self.grads["weight"] += (dy * negative).reshape(-1, dy.shape[-1]).sum(axis=0)  # every example used the slope
        return dy * np.where(self.x > 0, 1.0, self.weight)


def prelu_std(fan_in: int, slope: float) -> float:
    """The standard deviation of a weight that keeps the mean square of the signal through Linear and PReLU."""
    return float(np.sqrt(2.0 / ((1.0 + slope**2) * fan_in)))  # 1/2 (1 + a^2) n Var[w] = 1


class PReLUMLP(MLP):
    """The chapter's MLP with PReLUs in place of ReLUs, and weights drawn for them."""

    def __init__(self, sizes: Sequence[int], *, rng: np.random.Generator, slope: float = 0.25) -> None:
        super().__init__(sizes, rng=rng)
        self.relus = [PReLU(width, slope) for width in sizes[1:-1]]
        for linear in self.linears:
            weight = linear.params["weight"]  # (out, in)
            weight[...] = rng.normal(size=weight.shape) * prelu_std(weight.shape[1], slope)
