"""TITLE as modules.

TODO(rungs new): the model of the paper, each class with the section or figure that it comes from.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


# --8<-- [start:layer]
class Scale(nn.Module):
    """y = a x, with a scale for each place of the last axis."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, D). Returns: (B, D)"""
        return x * self.weight


# --8<-- [end:layer]


# --8<-- [start:model]
class TanhScale(nn.Module):
    """y = tanh(a x)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.scale = Scale(width)

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, D). Returns: y (B, D)"""
        return torch.tanh(self.scale(x))


# --8<-- [end:model]


def init_tanhscale(model: TanhScale, generator: torch.Generator) -> None:
    """Scales around 1."""
    nn.init.normal_(model.scale.weight, 1.0, 0.1, generator=generator)
