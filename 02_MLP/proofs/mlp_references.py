"""The implementations that the chapter is compared with: both networks as rows of torch.nn layers."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from mlp_levels import PaperMLP, PaperMLP1998, masks_of
from torch import Tensor, nn
from torch.nn import functional as F

from utils.levels.names import NameTable


def sequential_names(sizes: tuple[int, ...]) -> NameTable:
    """A row of torch.nn layers numbers them all; every second one has parameters."""
    return NameTable({f"{2 * i}.{p}": f"linears.{i}.{p}" for i in range(len(sizes) - 1) for p in ("weight", "bias")})


class Sequential(PaperMLP):
    """Linear, ReLU, ..., Linear from torch.nn alone; training is that of the paper level."""

    def build(self):
        parts: list[nn.Module] = []
        for fan_in, width in pairwise(self.sizes["sizes"]):
            parts += [nn.Linear(fan_in, width), nn.ReLU()]
        return nn.Sequential(*parts[:-1])

    @property
    def names(self) -> NameTable:
        return sequential_names(self.sizes["sizes"])

    def forward(self, model: Any, batch: dict[str, Tensor], training: bool) -> dict[str, Tensor]:
        x, masks = batch["images"], iter(masks_of(batch, training) or ())
        for part in model:
            x = part(x)
            if isinstance(part, nn.ReLU) and training:
                x = x * next(masks, 1.0)
        return {"logits": x}


class Sequential1998(PaperMLP1998):
    """torch.nn has no scaled tanh: its Linear and Tanh, with the two constants between them, and its squared error."""

    def build(self):
        return nn.Sequential(*(part for i, o in pairwise(self.sizes["sizes"]) for part in (nn.Linear(i, o), nn.Tanh())))

    @property
    def names(self) -> NameTable:
        return sequential_names(self.sizes["sizes"])

    def forward(self, model: Any, batch: dict[str, Tensor], training: bool) -> dict[str, Tensor]:
        x = batch["images"]
        for part in model:
            x = 1.7159 * part(2.0 / 3.0 * x) if isinstance(part, nn.Tanh) else part(x)
        return {"outputs": x}

    def loss(self, model: Any, outputs: dict[str, Tensor], batch: dict[str, Tensor]) -> Tensor:
        x = outputs["outputs"]
        targets = torch.full_like(x, -1.0).scatter_(1, batch["labels"][:, None], 1.0)
        return 0.5 * F.mse_loss(x, targets, reduction="none").sum(1).mean()
