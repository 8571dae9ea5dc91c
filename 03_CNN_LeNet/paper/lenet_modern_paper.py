"""LeNet-5 as it is usually written today: ReLU, max-pooling, every map connected, a linear output for a cross-entropy.

The sizes are those of LeCun, Bottou, Bengio, Haffner 1998, Figure 2; the rest is not. `lenet_paper` has the paper's network.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


# --8<-- [start:modern_model]
class LeNetModern(nn.Module):
    """61,706 parameters: 1,516 become 2,416 in C3, S2 and S4 lose their 44, the output gains 850."""

    def __init__(self) -> None:
        super().__init__()
        self.c1 = nn.Conv2d(1, 6, 5)
        self.r1 = nn.ReLU()
        self.s2 = nn.MaxPool2d(2)
        self.c3 = nn.Conv2d(6, 16, 5)
        self.r3 = nn.ReLU()
        self.s4 = nn.MaxPool2d(2)
        self.c5 = nn.Conv2d(16, 120, 5)
        self.r5 = nn.ReLU()
        self.f6 = nn.Linear(120, 84)
        self.r6 = nn.ReLU()
        self.output = nn.Linear(84, 10)

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, 1, 32, 32). Returns: logits (B, 10)"""
        x = self.s2(self.r1(self.c1(x)))  # (B, 6, 14, 14)
        x = self.s4(self.r3(self.c3(x)))  # (B, 16, 5, 5)
        x = self.r5(self.c5(x))  # (B, 120, 1, 1)
        x = self.r6(self.f6(x.flatten(1)))  # (B, 84)
        return self.output(x)  # (B, 10)


# --8<-- [end:modern_model]


def init_lenet_modern(model: LeNetModern, generator: torch.Generator) -> None:
    """He's rule (2015, equation 10), biases zero."""
    for name, p in model.named_parameters():
        if name.endswith("weight"):
            nn.init.kaiming_normal_(p, nonlinearity="relu", generator=generator)
        else:
            nn.init.zeros_(p)
