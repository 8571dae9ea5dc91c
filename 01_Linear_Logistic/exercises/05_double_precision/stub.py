"""Softmax regression on tensors, in single or double precision. In double precision it learns badly."""

import math

import torch
from logistic_lowlevel import cross_entropy, softmax_regression
from torch import Tensor

Params = dict[str, Tensor]


def init_softmax(
    in_features: int, classes: int, *, generator: torch.Generator, dtype: torch.dtype = torch.float32
) -> Params:
    """A Xavier weight and a zero bias.

    Drawn in single precision and then converted: a generator gives other numbers when it is asked for doubles, and the
    model should start from the same ones in both precisions.

    Returns: "linear.weight" (classes, in), "linear.bias" (classes,)
    """
    bound = math.sqrt(6.0 / (in_features + classes))
    weight = torch.empty(classes, in_features).uniform_(-bound, bound, generator=generator)
    weight.requires_grad_()
    bias = torch.zeros(classes, dtype=dtype).requires_grad_()
    return {"linear.weight": weight.to(dtype), "linear.bias": bias}


class GradientDescent:
    """w <- w - lr dL/dw, in place."""

    def __init__(self, params: Params, lr: float = 0.1) -> None:
        self.params = params
        self.lr = lr

    def zero_grad(self) -> None:
        for param in self.params.values():
            param.grad = None

    @torch.no_grad()
    def step(self) -> None:
        for param in self.params.values():
            if param.grad is not None:
                param -= self.lr * param.grad


def train(params: Params, x: Tensor, targets: Tensor, *, lr: float, steps: int) -> list[float]:
    """Full-batch gradient descent. x: (n, in). targets: (n,). Returns: the loss of every step, before its update."""
    optimizer = GradientDescent(params, lr)
    losses = []
    for _ in range(steps):
        loss = cross_entropy(softmax_regression(params, x), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses
