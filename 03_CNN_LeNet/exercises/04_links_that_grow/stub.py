"""A convolution with a table of links, as a full weight and a mask, on tensors. Something in it is wrong."""

import torch
from conv_lowlevel import conv2d
from optimizers_lowlevel import SGD
from torch import Tensor

Table = tuple[tuple[int, ...], ...]


def link_mask(table: Table, in_channels: int) -> Tensor:
    """1 where output map o sees input map c, else 0: (O, C, 1, 1). table: for each output map, the input maps it sees."""
    mask = torch.zeros(len(table), in_channels, 1, 1)
    for o, maps in enumerate(table):
        mask[o, list(maps)] = 1.0
    return mask


def init_table_conv(table: Table, in_channels: int, k: int, *, generator: torch.Generator) -> dict[str, Tensor]:
    """weight (O, C, k, k) from U(+-2.4 / fan_in), the fan-in being k^2 times the links of the map; bias (O,) zero."""
    mask = link_mask(table, in_channels)
    fan_in = k * k * mask.sum(dim=1, keepdim=True)  # (O, 1, 1, 1)
    draw = torch.rand(len(table), in_channels, k, k, generator=generator) * 2 - 1
    params = {"weight": draw * 2.4 / fan_in * mask, "bias": torch.zeros(len(table))}
    return {name: p.requires_grad_() for name, p in params.items()}


def table_conv2d(params: dict[str, Tensor], x: Tensor, table: Table) -> Tensor:
    """A convolution in which output map o sees only the input maps of table[o], whatever stands in the weight.

    x: (B, C, H, W), weight: (O, C, k, k), bias: (O,). Returns: (B, O, h, w)
    """
    if params["weight"].shape[:2] != (len(table), x.shape[1]):
        shape = tuple(params["weight"].shape)
        raise ValueError(f"table_conv2d expected a weight ({len(table)}, {x.shape[1]}, k, k), got {shape}")
    return conv2d(x, params["weight"], params["bias"])


def train(params: dict[str, Tensor], x: Tensor, y: Tensor, table: Table, *, lr: float, steps: int) -> list[float]:
    """Fit the layer to the images y (B, O, h, w) for the images x (B, C, H, W). Returns: the loss before every step."""
    optimizer = SGD(params, lr=lr, momentum=0.9)
    losses = []
    for _ in range(steps):
        loss = ((table_conv2d(params, x, table) - y) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    return losses


def parameter_count(params: dict[str, Tensor], table: Table) -> int:
    """How many numbers the layer has to learn: those of the links that exist, and the biases."""
    k = params["weight"].shape[2]
    return sum(len(maps) for maps in table) * k * k + len(table)
