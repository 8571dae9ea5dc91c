"""Ridge and lasso on tensors. Conventions for alpha: see `regularized_numpy.py`."""

from __future__ import annotations

import math

import torch
from linear_lowlevel import GradientDescent, Params, check_examples
from torch import Tensor


# --8<-- [start:l2_penalty]
def l2_penalty(weight: Tensor, alpha: float) -> Tensor:
    """alpha * sum of w^2."""
    return alpha * (weight**2).sum()


# --8<-- [end:l2_penalty]


def l1_penalty(weight: Tensor, alpha: float) -> Tensor:
    """alpha * sum of |w|. autograd would take the derivative 0 at 0; `ProximalGradient` needs none."""
    return alpha * weight.abs().sum()


# --8<-- [start:proximal]
def soft_threshold(w: Tensor, t: float) -> Tensor:
    """w moved towards zero by t, and 0 if it is nearer than that."""
    # eq: soft-threshold
    return w.sign() * (w.abs() - t).clamp(min=0.0)


class ProximalGradient(GradientDescent):
    """A gradient step on the smooth part of the loss, then the exact minimiser of alpha |w| nearby (ISTA)."""

    def __init__(self, params: Params, lr: float = 0.1, alpha: float = 0.0) -> None:
        super().__init__(params, lr)
        self.alpha = alpha

    @torch.no_grad()
    def step(self) -> None:
        super().step()
        for name, param in self.params.items():
            if name.endswith("weight"):  # the bias is not penalised
                param.copy_(soft_threshold(param, self.lr * self.alpha))


# --8<-- [end:proximal]


# --8<-- [start:ridge]
def ridge(x: Tensor, y: Tensor, alpha: float) -> tuple[Tensor, Tensor]:
    """The minimiser of |Y - X W^T - b|^2 + alpha |W|^2 (scikit-learn's convention).

    Args:
        x: (n, in). y: (n, out).
    Returns: weight (out, in), bias (out,)
    """
    check_examples("ridge", x, y)
    x_mean, y_mean = x.mean(dim=0), y.mean(dim=0)
    features, targets = x.shape[1], y.shape[1]
    # eq: ridge-rows
    x_long = torch.cat([x - x_mean, math.sqrt(alpha) * torch.eye(features, dtype=x.dtype)])  # (n + in, in)
    y_long = torch.cat([y - y_mean, torch.zeros(features, targets, dtype=y.dtype)])  # (n + in, out)
    weight = torch.linalg.lstsq(x_long, y_long, driver="gelsd").solution.T  # (out, in)
    return weight, y_mean - weight @ x_mean


# --8<-- [end:ridge]


# --8<-- [start:lasso]
def lasso(x: Tensor, y: Tensor, alpha: float, *, tol: float = 1e-14, max_steps: int = 200_000) -> tuple[Tensor, Tensor]:
    """The minimiser of |Y - X W^T - b|^2 / (2n) + alpha |W|_1 by proximal gradient steps of size 1 / L.

    Args:
        x: (n, in). y: (n, out), each column a problem of its own.
    Returns: weight (out, in), 0 at constant features; bias (out,)
    Raises:
        RuntimeError: not converged after `max_steps`.
    """
    check_examples("lasso", x, y)
    n = len(x)
    x_mean, y_mean = x.mean(dim=0), y.mean(dim=0)
    varies = x.amax(dim=0) > x.amin(dim=0)  # a constant feature explains nothing; rounding of its mean must not either
    xc, yc = torch.where(varies, x - x_mean, 0.0), y - y_mean
    gram, moment = xc.T @ xc / n, xc.T @ yc / n  # (in, in), (in, out)
    step = 1.0 / torch.linalg.eigvalsh(gram)[-1].item() if varies.any() else 1.0  # 1.0: there is nothing to step along
    weight = torch.zeros(y.shape[1], x.shape[1], dtype=x.dtype)
    for _ in range(max_steps):
        # eq: lasso-backward
        gradient = weight @ gram - moment.T  # of the smooth part, W X^T X / n - Y^T X / n: (out, in)
        # eq: proximal-step
        new = soft_threshold(weight - step * gradient, step * alpha)
        moved, weight = (new - weight).abs().max(), new
        if moved <= tol * weight.abs().max():
            return weight, y_mean - weight @ x_mean
    raise RuntimeError(f"lasso did not converge in {max_steps} steps; scale the features, or raise tol above {tol}")


# --8<-- [end:lasso]
