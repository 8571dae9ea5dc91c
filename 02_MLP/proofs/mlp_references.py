"""The implementations that the chapter is compared with: both networks as rows of torch.nn layers."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from mlp_levels import ADAMW, SGD_1998, SIZES, masks_of, sizes_of
from torch import Tensor, nn
from torch.nn import functional as F

from utils.levels import ModuleLevel


def sequential(sizes: tuple[int, ...]) -> nn.Sequential:
    """Linear, ReLU, ..., Linear from torch.nn alone."""
    parts: list[nn.Module] = []
    for fan_in, width in pairwise(sizes):
        parts += [nn.Linear(fan_in, width), nn.ReLU()]
    return nn.Sequential(*parts[:-1])


def sequential_names(sizes: tuple[int, ...]) -> dict[str, str]:
    return {f"linears.{i}.{p}": f"{2 * i}.{p}" for i in range(len(sizes) - 1) for p in ("weight", "bias")}


def sequential_pass(model: Any, batch: dict[str, Tensor]) -> tuple[dict[str, Tensor], Tensor]:
    x, masks = batch["images"], iter(masks_of(batch, model.training) or ())
    for part in model:
        x = part(x)
        if isinstance(part, nn.ReLU) and model.training:
            x = x * next(masks, 1.0)
    return {"logits": x}, F.cross_entropy(x, batch["labels"])


SEQUENTIAL = ModuleLevel(
    lambda sizes=SIZES: sequential(sizes),
    sequential_pass,
    lambda model, **options: torch.optim.AdamW(model.parameters(), **ADAMW | options),
    inputs=("images",),
    names=sequential_names(SIZES),
    sizes=sizes_of,
)


def tanh_pass(model: Any, batch: dict[str, Tensor]) -> tuple[dict[str, Tensor], Tensor]:
    """torch.nn has no scaled tanh: its Linear and Tanh, with the two constants between them."""
    x = batch["images"]
    for part in model:
        x = 1.7159 * part(2.0 / 3.0 * x) if isinstance(part, nn.Tanh) else part(x)
    targets = torch.full_like(x, -1.0).scatter_(1, batch["labels"][:, None], 1.0)
    return {"outputs": x}, 0.5 * F.mse_loss(x, targets, reduction="none").sum(1).mean()


def tanh_sequential(sizes: tuple[int, ...] = SIZES) -> nn.Sequential:
    return nn.Sequential(*(part for i, o in pairwise(sizes) for part in (nn.Linear(i, o), nn.Tanh())))


SEQUENTIAL_1998 = ModuleLevel(
    tanh_sequential,
    tanh_pass,
    lambda model, **options: torch.optim.SGD(model.parameters(), **SGD_1998 | options),
    inputs=("images",),
    names=sequential_names(SIZES),
    sizes=sizes_of,
)
