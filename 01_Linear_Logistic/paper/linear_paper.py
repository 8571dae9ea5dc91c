"""Linear regression as one writes it in PyTorch: a module, the library's loss, the library's optimizer."""

from __future__ import annotations

import torch
from torch import Tensor, nn


# --8<-- [start:model]
class LinearRegression(nn.Module):
    """x: (B, in) -> prediction (B, out)."""

    # --8<-- [start:linear]
    def __init__(self, in_features: int, out_features: int = 1) -> None:
        super().__init__()
        self.linear = nn.Linear(in_features, out_features)

    # --8<-- [end:linear]

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Xavier weights, zero bias. nn.Linear itself draws both from U(-1/sqrt(in), 1/sqrt(in))."""
        # eq: xavier
        nn.init.xavier_uniform_(self.linear.weight, generator=generator)
        nn.init.zeros_(self.linear.bias)

    def forward(self, x: Tensor) -> Tensor:
        # eq: linear-forward
        return self.linear(x)


# --8<-- [end:model]


# --8<-- [start:training_step]
def training_step(
    model: nn.Module, criterion: nn.Module, optimizer: torch.optim.Optimizer, x: Tensor, targets: Tensor
) -> float:
    """Forward, backward, update. Returns: the loss before the update."""
    loss = criterion(model(x), targets)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


# --8<-- [end:training_step]


# --8<-- [start:closed_form]
@torch.no_grad()
def fit_least_squares(model: LinearRegression, x: Tensor, y: Tensor, *, alpha: float = 0.0) -> None:
    """Set the model to the minimiser of |Y - X W^T - b|^2 + alpha |W|^2; alpha > 0 is ridge regression.

    Args:
        x: (n, in). y: (n, out).
    """
    x_mean, y_mean = x.mean(dim=0), y.mean(dim=0)
    if alpha > 0:
        features = x.shape[1]
        x_fit = torch.cat([x - x_mean, alpha**0.5 * torch.eye(features, dtype=x.dtype)])  # (n + in, in)
        y_fit = torch.cat([y - y_mean, torch.zeros(features, y.shape[1], dtype=y.dtype)])  # (n + in, out)
    else:
        x_fit, y_fit = x - x_mean, y - y_mean
    # eq: least-squares
    model.linear.weight.copy_(torch.linalg.lstsq(x_fit, y_fit, driver="gelsd").solution.T)
    model.linear.bias.copy_(y_mean - model.linear.weight @ x_mean)


# --8<-- [end:closed_form]
