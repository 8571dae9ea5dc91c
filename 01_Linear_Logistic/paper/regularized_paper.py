"""Ridge and lasso as one writes them in PyTorch. Conventions for alpha: see `regularized_numpy.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from linear_paper import LinearRegression
from torch import Tensor
from torch.nn import functional as F


# --8<-- [start:l2_penalty]
def ridge_loss(model: LinearRegression, prediction: Tensor, targets: Tensor, alpha: float) -> Tensor:
    """Mean squared error + alpha * sum of w^2."""
    return F.mse_loss(prediction, targets) + alpha * model.linear.weight.square().sum()


def ridge_optimizer(model: LinearRegression, lr: float, alpha: float) -> torch.optim.SGD:
    """The same training with the penalty in the optimizer: `weight_decay` d adds d w to the gradient, so d = 2 alpha.

    The bias stands in a group of its own, without decay. With plain SGD both ways take equal steps (a check of the
    ladder proves it); with Adam they do not, which is what AdamW is about.
    """
    groups = [
        # eq: ridge-backward
        {"params": [model.linear.weight], "weight_decay": 2.0 * alpha},
        {"params": [model.linear.bias]},
    ]
    return torch.optim.SGD(groups, lr=lr)


# --8<-- [end:l2_penalty]


# --8<-- [start:proximal]
class ProximalGradient(torch.optim.SGD):
    """SGD on the smooth part of the loss, then soft thresholding of the weights by lr * alpha (ISTA).

    Args:
        params: by name, as in `dict(model.named_parameters())`; the bias is not penalised.
    """

    def __init__(self, params: Mapping[str, Tensor], lr: float = 0.1, alpha: float = 0.0) -> None:
        groups: list[dict[str, Any]] = [
            {"params": [param], "alpha": alpha if name.endswith("weight") else 0.0} for name, param in params.items()
        ]
        super().__init__(groups, lr=lr)

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        loss = super().step(closure)
        for group in self.param_groups:
            for param in group["params"]:
                # eq: soft-threshold
                param.copy_(F.softshrink(param, group["lr"] * group["alpha"]))
        return loss


# --8<-- [end:proximal]


def lasso_loss(prediction: Tensor, targets: Tensor) -> Tensor:
    """The smooth part of the lasso: half the mean squared error."""
    return 0.5 * F.mse_loss(prediction, targets)
