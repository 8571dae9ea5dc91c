"""The multilayer perceptrons on tensors: functions of a dict of leaf tensors; autograd does the backward pass.

The names in the dict are those of the other levels: "linears.0.weight" (out, in), "linears.0.bias" (out,), ...
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from linear_lowlevel import linear
from logistic_lowlevel import cross_entropy
from optimizers_lowlevel import Optimizer
from torch import Tensor

Params = dict[str, Tensor]


# --8<-- [start:init]
def he_normal(out_features: int, in_features: int, *, generator: torch.Generator) -> Tensor:
    """Variance 2 / in (He et al. 2015, equation 10). Returns: (out, in)"""
    return torch.randn(out_features, in_features, generator=generator) * math.sqrt(2.0 / in_features)


def lecun_uniform(out_features: int, in_features: int, *, generator: torch.Generator) -> Tensor:
    """U(+-2.4 / in) (LeCun et al. 1998, Appendix A). Returns: (out, in)"""
    return (torch.rand(out_features, in_features, generator=generator) * 2.0 - 1.0) * (2.4 / in_features)


# --8<-- [end:init]


def init_mlp(sizes: Sequence[int], *, generator: torch.Generator) -> Params:
    """He weights and zero biases for widths from input to output: (784, 300, 100, 10)."""
    return _init(sizes, he_normal, generator)


def init_mlp1998(sizes: Sequence[int], *, generator: torch.Generator) -> Params:
    """Weights from U(+-2.4 / fan_in) and zero biases."""
    return _init(sizes, lecun_uniform, generator)


def _init(sizes: Sequence[int], draw, generator: torch.Generator) -> Params:
    params = {}
    for i, (in_features, out_features) in enumerate(pairwise(sizes)):
        params[f"linears.{i}.weight"] = draw(out_features, in_features, generator=generator).requires_grad_()
        params[f"linears.{i}.bias"] = torch.zeros(out_features, requires_grad=True)
    return params


# --8<-- [start:relu]
def relu(x: Tensor) -> Tensor:
    """max(x, 0), with derivative 0 at 0. `maximum(x, 0)` has the same values, and derivative 1/2 at 0."""
    return torch.where(x > 0, x, 0.0)


# --8<-- [end:relu]


# --8<-- [start:scaled_tanh]
def scaled_tanh(x: Tensor) -> Tensor:
    """1.7159 tanh(2/3 x) (LeCun et al. 1998, equation 6 and Appendix A)."""
    return 1.7159 * torch.tanh((2.0 / 3.0) * x)


# --8<-- [end:scaled_tanh]


# --8<-- [start:dropout]
def dropout(x: Tensor, mask: Tensor | None) -> Tensor:
    """x mask in training, x in evaluation; the mask holds 0 and 1 / (1 - p), and is taken in the dtype of x."""
    return x if mask is None else x * mask.to(x.dtype)


# --8<-- [end:dropout]


# --8<-- [start:squared_error]
def squared_error(y: Tensor, t: Tensor) -> Tensor:
    """Mean over the examples of 1/2 sum_k (y_k - t_k)^2. y, t: (B, K)"""
    if y.shape != t.shape:
        raise ValueError(f"squared_error expected two (B, K) of one shape, got {tuple(y.shape)} and {tuple(t.shape)}")
    return 0.5 * ((y - t) ** 2).sum(dim=1).mean()


def one_of_k(labels: Tensor, classes: int, *, low: float = -1.0, high: float = 1.0) -> Tensor:
    """`high` at the label and `low` elsewhere. labels: (B,) integers. Returns: (B, K)"""
    return torch.where(labels[:, None] == torch.arange(classes), high, low)


# --8<-- [end:squared_error]


# --8<-- [start:model]
def mlp(params: Params, x: Tensor, masks: Sequence[Tensor] | None = None) -> tuple[Tensor, dict[str, Tensor]]:
    """The modern network: linear, ReLU, dropout, ..., linear.

    x: (B, D). masks: one (B, width) for each hidden layer; None in evaluation. Returns: logits (B, K), activations
    """
    record = {}
    last = len(params) // 2 - 1
    for i in range(last):
        x = record[f"linears.{i}"] = linear(x, params[f"linears.{i}.weight"], params[f"linears.{i}.bias"])
        x = record[f"relus.{i}"] = relu(x)
        x = record[f"dropouts.{i}"] = dropout(x, None if masks is None else masks[i])  # (B, width i+1)
    x = record[f"linears.{last}"] = linear(x, params[f"linears.{last}.weight"], params[f"linears.{last}.bias"])
    return x, record


# --8<-- [end:model]


# --8<-- [start:training_step]
def training_step(
    params: Params, optimizer: Optimizer, x: Tensor, labels: Tensor, masks: Sequence[Tensor] | None
) -> float:
    """Forward, backward, update. x: (B, D). labels: (B,) integers. Returns: the loss before the update"""
    logits, _ = mlp(params, x, masks)
    loss = cross_entropy(logits, labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return float(loss.detach())


# --8<-- [end:training_step]


# --8<-- [start:model1998]
def mlp1998(params: Params, x: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    """The network of 1998: linear, scaled tanh, ..., linear, scaled tanh.

    x: (B, D). Returns: outputs (B, K), activations
    """
    record = {}
    for i in range(len(params) // 2):
        x = record[f"linears.{i}"] = linear(x, params[f"linears.{i}.weight"], params[f"linears.{i}.bias"])
        x = record[f"squashes.{i}"] = scaled_tanh(x)  # (B, width i+1)
    return x, record


# --8<-- [end:model1998]
