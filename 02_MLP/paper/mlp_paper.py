"""The multilayer perceptrons as modules.

`MLP1998`: LeCun, Bottou, Bengio, Haffner 1998, sections III-C.5 and C.6, with Appendix A's activation and initialisation.
`MLP`: the same widths with what came later: ReLU (Nair, Hinton 2010), He's initialisation (2015), dropout (2014), and a
cross-entropy on logits.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F


# --8<-- [start:dropout]
class Dropout(nn.Module):
    """x mask in training. `nn.Dropout` is the same, but draws its mask from the global stream; ours comes with the batch."""

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        return x if mask is None else x * mask


# --8<-- [end:dropout]


# --8<-- [start:scaled_tanh]
class ScaledTanh(nn.Module):
    """1.7159 tanh(2/3 x) (equation 6)."""

    def forward(self, x: Tensor) -> Tensor:
        return 1.7159 * torch.tanh((2.0 / 3.0) * x)


# --8<-- [end:scaled_tanh]


# --8<-- [start:model]
class MLP(nn.Module):
    """Linear, ReLU, dropout, ..., Linear. sizes: widths from input to output, (784, 300, 100, 10)."""

    def __init__(self, sizes: Sequence[int]) -> None:
        super().__init__()
        self.linears = nn.ModuleList(nn.Linear(i, o) for i, o in pairwise(sizes))
        self.relus = nn.ModuleList(nn.ReLU() for _ in sizes[2:])
        self.dropouts = nn.ModuleList(Dropout() for _ in sizes[2:])

    def forward(self, x: Tensor, masks: Sequence[Tensor] | None = None) -> Tensor:
        """x: (B, D). masks: one (B, width) for each hidden layer; None in evaluation. Returns: logits (B, K)"""
        for i, (relu, dropout) in enumerate(zip(self.relus, self.dropouts, strict=True)):
            x = relu(self.linears[i](x))  # (B, width i) -> (B, width i+1)
            x = dropout(x, None if masks is None else masks[i])
        return self.linears[-1](x)  # (B, K)


# --8<-- [end:model]


# --8<-- [start:training_step]
def training_step(
    model: MLP, optimizer: torch.optim.Optimizer, x: Tensor, labels: Tensor, masks: Sequence[Tensor] | None
) -> float:
    """Forward, backward, update. x: (B, D). labels: (B,) integers. Returns: the loss before the update"""
    loss = F.cross_entropy(model(x, masks), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return float(loss.detach())


# --8<-- [end:training_step]


# --8<-- [start:model1998]
class MLP1998(nn.Module):
    """Linear, scaled tanh, ..., Linear, scaled tanh. sizes: (784, 300, 10) is the paper's 28x28-300-10."""

    def __init__(self, sizes: Sequence[int]) -> None:
        super().__init__()
        self.linears = nn.ModuleList(nn.Linear(i, o) for i, o in pairwise(sizes))
        self.squashes = nn.ModuleList(ScaledTanh() for _ in self.linears)

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, D). Returns: outputs (B, K)"""
        for linear, squash in zip(self.linears, self.squashes, strict=True):
            x = squash(linear(x))  # (B, width i) -> (B, width i+1)
        return x


# --8<-- [end:model1998]


# --8<-- [start:init]
def init_mlp(model: MLP, generator: torch.Generator) -> None:
    """He's rule (2015, equation 10), biases zero. torch's own default is U(+-1/sqrt fan_in), a sixth of the variance."""
    for name, p in model.named_parameters():
        if name.endswith("weight"):
            nn.init.kaiming_normal_(p, nonlinearity="relu", generator=generator)
        else:
            nn.init.zeros_(p)


def init_mlp1998(model: MLP1998, generator: torch.Generator) -> None:
    """U(+-2.4 / fan_in) (Appendix A), biases zero."""
    for name, p in model.named_parameters():
        if name.endswith("weight"):
            bound = 2.4 / p.shape[1]
            nn.init.uniform_(p, -bound, bound, generator=generator)
        else:
            nn.init.zeros_(p)


# --8<-- [end:init]


# --8<-- [start:squared_error]
def squared_error(outputs: Tensor, labels: Tensor) -> Tensor:
    """Mean over the examples of 1/2 sum_k (y_k - t_k)^2, t = +1 for the class, -1 for the others. outputs: (B, K)"""
    targets = 2.0 * F.one_hot(labels, outputs.shape[1]).to(outputs.dtype) - 1.0
    return 0.5 * F.mse_loss(outputs, targets, reduction="sum") / len(outputs)


# --8<-- [end:squared_error]
