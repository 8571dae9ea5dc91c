"""Linear regression on tensors: autograd finds the gradients, everything else is still written out.

A model is a dict of leaf tensors and a function of it. No `torch.nn`, no `torch.optim`.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

Params = dict[str, Tensor]


def init_linear(in_features: int, out_features: int, *, generator: torch.Generator) -> Params:
    """A Xavier weight (Glorot, Bengio 2010, equation 16) and a zero bias.

    Scale first, ask for gradients last. `torch.rand(..., requires_grad=True) * bound` would be the result of an
    operation and no leaf: `backward` would fill the gradient of the unscaled tensor, which nobody holds, and the weight's
    own `.grad` would stay None. It would never train.

    Returns: "linear.weight" (out, in), "linear.bias" (out,)
    """
    # eq: xavier
    bound = math.sqrt(6.0 / (in_features + out_features))
    weight = (torch.rand(out_features, in_features, generator=generator) * 2.0 - 1.0) * bound
    return {
        "linear.weight": weight.requires_grad_(),
        "linear.bias": torch.zeros(out_features, requires_grad=True),
    }


# --8<-- [start:linear]
def linear(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """x: (..., in), weight: (out, in), bias: (out,). Returns: (..., out)"""
    # eq: linear-forward
    return x @ weight.T + bias


# --8<-- [end:linear]


# --8<-- [start:mse]
def mse_loss(prediction: Tensor, target: Tensor) -> Tensor:
    """Mean over all elements of (prediction - target)^2; equal shapes, nothing is broadcast."""
    if prediction.shape != target.shape:
        raise ValueError(f"mse_loss expected a target of shape {tuple(prediction.shape)}, got {tuple(target.shape)}")
    return ((prediction - target) ** 2).mean()


# --8<-- [end:mse]


# --8<-- [start:model]
def linear_regression(params: Params, x: Tensor) -> Tensor:
    """x: (B, in). Returns: prediction (B, out)"""
    return linear(x, params["linear.weight"], params["linear.bias"])


# --8<-- [end:model]


# --8<-- [start:gradient_descent]
class GradientDescent:
    """w <- w - lr dL/dw, in place (LeCun et al. 1998, equation 18). It remembers nothing: `state` stays empty."""

    def __init__(self, params: Params, lr: float = 0.1) -> None:
        if lr <= 0:
            raise ValueError(f"GradientDescent needs a learning rate above 0, got {lr}")
        self.params = params
        self.lr = lr
        self.state: dict[str, dict[str, Tensor]] = {}

    def zero_grad(self) -> None:
        for param in self.params.values():
            param.grad = None

    @torch.no_grad()  # the update is no part of the function that is differentiated
    def step(self) -> None:
        for name, param in self.params.items():
            if param.grad is None:
                raise RuntimeError(f"parameter {name} has no gradient: is it a leaf, and does the loss depend on it?")
        for param in self.params.values():
            # eq: gradient-descent
            param.sub_(param.grad, alpha=self.lr)  # pyright: ignore[reportArgumentType]  # checked before anything moves


# --8<-- [end:gradient_descent]


# --8<-- [start:training_step]
def training_step(
    params: Params,
    criterion: Callable[[Tensor, Tensor], Tensor],
    optimizer: GradientDescent,
    x: Tensor,
    targets: Tensor,
) -> float:
    """Forward, backward, update. Returns: the loss before the update."""
    loss = criterion(linear_regression(params, x), targets)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


# --8<-- [end:training_step]


# --8<-- [start:closed_form]
def least_squares(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """The weight and bias that minimise the squared error; of all minimisers, the one of smallest weights.

    Args:
        x: (n, in). y: (n, out).
    Returns: weight (out, in), bias (out,)
    """
    check_examples("least_squares", x, y)
    x_mean, y_mean = x.mean(dim=0), y.mean(dim=0)
    # "gelsd" works through singular values, as NumPy does; torch's default driver needs independent features.
    # eq: least-squares
    weight = torch.linalg.lstsq(x - x_mean, y - y_mean, driver="gelsd").solution.T  # (out, in)
    return weight, y_mean - weight @ x_mean


# --8<-- [end:closed_form]


def check_examples(solver: str, x: Tensor, y: Tensor) -> None:
    """Refuse what is no (n, in) with its (n, out); torch would broadcast a target of shape (n,) to something else."""
    if x.ndim != 2 or y.ndim != 2 or len(x) != len(y) or len(x) == 0:
        shapes = f"{tuple(x.shape)} and {tuple(y.shape)}"
        raise ValueError(f"{solver} expected x (n, in) and y (n, out) with n >= 1, got {shapes}")
