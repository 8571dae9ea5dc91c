"""Logistic and softmax regression on tensors: the losses are written out in the form whose values and gradients are exact.

An autograd gradient is as good as the formula that it differentiates; two traps are marked below.
"""

from __future__ import annotations

import torch
from linear_lowlevel import Params, linear, linear_regression
from torch import Tensor


# --8<-- [start:sigmoid]
def sigmoid(z: Tensor) -> Tensor:
    """1 / (1 + exp(-z)), any shape, as exp(-log(1 + exp(-z))), which neither overflows nor loses small values.

    The two-sided fraction of the NumPy level would do as a value. Its autograd gradient would not: |z| has none at 0.
    """
    # eq: sigmoid
    return torch.exp(-torch.logaddexp(torch.zeros_like(z), -z))


# --8<-- [end:sigmoid]


# --8<-- [start:log_softmax]
def log_softmax(z: Tensor, dim: int = -1) -> Tensor:
    """z - log sum exp z along `dim`. The shift cancels, in the value and in the gradient; detach() leaves it out of both."""
    shifted = z - z.amax(dim=dim, keepdim=True).detach()
    return shifted - shifted.exp().sum(dim=dim, keepdim=True).log()


def softmax(z: Tensor, dim: int = -1) -> Tensor:
    return log_softmax(z, dim).exp()


# --8<-- [end:log_softmax]


# --8<-- [start:bce]
def bce_with_logits(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean of log(1 + exp(z)) - z t. logits, targets: the same shape, targets in [0, 1].

    `logaddexp(0, z)` is log(1 + exp(z)) without overflow, and its gradient is sigmoid(z) everywhere. The value is also
    max(z, 0) + log(1 + exp(-|z|)), but written with relu and abs autograd gets that wrong at z = 0, the first logit of a
    model that starts at zero: it takes 0 for the slope of both kinks, and the sum should be 1/2.
    """
    if logits.shape != targets.shape:
        raise ValueError(f"bce_with_logits expected targets of shape {tuple(logits.shape)}, got {tuple(targets.shape)}")
    # eq: bce
    return (torch.logaddexp(torch.zeros_like(logits), logits) - logits * targets).mean()


# --8<-- [end:bce]


# --8<-- [start:cross_entropy]
def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean of -log softmax(z)[target]. logits: (..., C). targets: (...), integer labels."""
    log_probs = log_softmax(logits).reshape(-1, logits.shape[-1])  # (N, C)
    return -log_probs[torch.arange(len(log_probs)), targets.reshape(-1)].mean()


# --8<-- [end:cross_entropy]


# --8<-- [start:logistic]
def logistic_regression(params: Params, x: Tensor) -> Tensor:
    """x: (B, in). Returns: logits (B,)"""
    return linear(x, params["linear.weight"], params["linear.bias"])[..., 0]


# --8<-- [end:logistic]


# --8<-- [start:softmax_regression]
def softmax_regression(params: Params, x: Tensor) -> Tensor:
    """x: (B, in). Returns: logits (B, K). Linear regression's function; `cross_entropy` makes it a classifier."""
    return linear_regression(params, x)


# --8<-- [end:softmax_regression]


# --8<-- [start:sigmoid_units]
def sigmoid_units(params: Params, x: Tensor) -> tuple[Tensor, Tensor]:
    """One sigmoid unit a class (LeCun et al. 1998, section III-C.1).

    x: (B, in). Returns: weighted sums (B, K), and scores in (0, 1), (B, K)
    """
    sums = linear_regression(params, x)
    return sums, sigmoid(sums)


# --8<-- [end:sigmoid_units]
