"""The implementations that the chapter is compared with: LeNet-5 from torch operations, the modern variant from torch.nn."""

from __future__ import annotations

from typing import Any

import torch
from lenet_layers import equation_8, equation_9, rbf, subsampling
from lenet_levels import PaperLeNet5, PaperModern
from torch import Tensor, nn
from torch.nn import functional as F

from utils.levels.names import NameTable

# Table I as it is printed: a row for each map of S2, a column for each of C3.
TABLE_1 = """
X . . . X X X . . X X X X . X X
X X . . . X X X . . X X X X . X
X X X . . . X X X . . X . X X X
. X X X . . X X X X . . X . X X
. . X X X . . X X X X . X X . X
. . . X X X . . X X X X . X X X
"""
TABLE = tuple(
    tuple(c for c, link in enumerate(column) if link == "X")
    for column in zip(*map(str.split, TABLE_1.split("\n")[1:-1]), strict=True)
)


class LeNet5(nn.Module):
    """LeNet-5 from torch's own operations, with our names: C3 is a convolution of each link alone, then a sum for each map."""

    def __init__(self, table: tuple[tuple[int, ...], ...]) -> None:
        super().__init__()
        self.ins, self.links = [c for maps in table for c in maps], [len(maps) for maps in table]
        self.c1, self.c5, self.f6 = nn.Conv2d(1, 6, 5), nn.Conv2d(16, 120, 5), nn.Linear(120, 84)
        self.s2, self.s4 = (
            nn.ParameterDict({"coefficient": torch.empty(maps), "bias": torch.empty(maps)}) for maps in (6, 16)
        )
        self.c3 = nn.ParameterDict({"weight": torch.empty(len(self.ins), 5, 5), "bias": torch.empty(16)})
        self.output = nn.ParameterDict({"codes": torch.empty(10, 84)})

    def forward(self, x: Tensor) -> Tensor:
        def f(a: Tensor) -> Tensor:
            return 1.7159 * torch.tanh(2.0 / 3.0 * a)

        x = f(subsampling(self.s2, f(self.c1(x))))
        x = F.conv2d(x[:, self.ins], self.c3["weight"][:, None], groups=len(self.ins))  # (B, links, 10, 10)
        x = torch.stack([part.sum(dim=1) for part in x.split(self.links, dim=1)], dim=1)  # (B, 16, 10, 10)
        x = f(subsampling(self.s4, f(x + self.c3["bias"][:, None, None])))
        x = f(self.f6(f(self.c5(x)).flatten(1)))
        return rbf(x, self.output["codes"])


class TorchOperations(PaperLeNet5):
    def build(self):
        return LeNet5(**{"table": TABLE} | self.sizes)

    def loss(self, model: Any, outputs: dict[str, Tensor], batch: dict[str, Tensor]) -> Tensor:
        return equation_9(outputs["distances"], batch["labels"])


class TorchOperationsMSE(TorchOperations):
    def loss(self, model: Any, outputs: dict[str, Tensor], batch: dict[str, Tensor]) -> Tensor:
        return equation_8(outputs["distances"], batch["labels"])


class Sequential(PaperModern):
    names = NameTable(
        {
            f"{theirs}.{p}": f"{ours}.{p}"
            for ours, theirs in {"c1": 0, "c3": 3, "c5": 6, "f6": 9, "output": 11}.items()
            for p in ("weight", "bias")
        }
    )

    def build(self):
        return nn.Sequential(
            nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 120, 5), nn.ReLU(), nn.Flatten(),
            nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
        )  # fmt: skip
