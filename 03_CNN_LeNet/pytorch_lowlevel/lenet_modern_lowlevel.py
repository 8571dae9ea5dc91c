"""LeNet-5 as it is usually written today, on tensors: ReLU, max-pooling, a linear output for a cross-entropy."""

from __future__ import annotations

import math

import torch
from conv_lowlevel import conv2d, max_pool2d
from linear_lowlevel import linear
from torch import Tensor
from torch.nn.functional import relu

Params = dict[str, Tensor]

# of the weights; 61,706 parameters with the biases
SHAPES = {
    "c1": (6, 1, 5, 5),
    "c3": (16, 6, 5, 5),
    "c5": (120, 16, 5, 5),
    "f6": (84, 120),
    "output": (10, 84),
}


def init_lenet_modern(*, generator: torch.Generator) -> Params:
    """He weights (He et al. 2015, equation 10), zero biases."""
    params = {}
    for layer, shape in SHAPES.items():
        fan_in = math.prod(shape[1:])
        params[f"{layer}.weight"] = (torch.randn(shape, generator=generator) * math.sqrt(2 / fan_in)).requires_grad_()
        params[f"{layer}.bias"] = torch.zeros(shape[0], requires_grad=True)
    return params


# --8<-- [start:modern_model]
def lenet_modern(params: Params, x: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    """x: (B, 1, 32, 32). Returns: logits (B, 10), activations"""
    p, record = params, {}
    x = record["c1"] = conv2d(x, p["c1.weight"], p["c1.bias"])
    x = record["r1"] = relu(x)  # (B, 6, 28, 28)
    x = record["s2"] = max_pool2d(x, 2)  # (B, 6, 14, 14)
    x = record["c3"] = conv2d(x, p["c3.weight"], p["c3.bias"])
    x = record["r3"] = relu(x)  # (B, 16, 10, 10)
    x = record["s4"] = max_pool2d(x, 2)  # (B, 16, 5, 5)
    x = record["c5"] = conv2d(x, p["c5.weight"], p["c5.bias"])
    x = record["r5"] = relu(x)  # (B, 120, 1, 1)
    x = record["f6"] = linear(x[:, :, 0, 0], p["f6.weight"], p["f6.bias"])
    x = record["r6"] = relu(x)  # (B, 84)
    x = record["output"] = linear(x, p["output.weight"], p["output.bias"])  # (B, 10)
    return x, record


# --8<-- [end:modern_model]
