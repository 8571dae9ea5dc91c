"""TITLE on tensors: functions of a dict of leaf tensors; autograd does the backward pass.

TODO(rungs new): what the chapter is about, written out by hand; `writes_out` in chapters.toml lists what later chapters
may then take from torch.nn.functional.
"""

from __future__ import annotations

import torch
from torch import Tensor

Params = dict[str, Tensor]


def init_tanhscale(width: int, *, generator: torch.Generator) -> Params:
    """Scales around 1. Returns: "scale.weight" (width,), a leaf"""
    return {"scale.weight": (1.0 + 0.1 * torch.randn(width, generator=generator)).requires_grad_()}


# --8<-- [start:layer]
def scale(x: Tensor, weight: Tensor) -> Tensor:
    """y = a x. x: (B, D), weight: (D,). Returns: (B, D)"""
    return x * weight


# --8<-- [end:layer]


# --8<-- [start:model]
def tanhscale(params: Params, x: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    """y = tanh(a x). x: (B, D). Returns: y (B, D), activations"""
    record = {}
    z = record["scale"] = scale(x, params["scale.weight"])
    return torch.tanh(z), record


# --8<-- [end:model]
