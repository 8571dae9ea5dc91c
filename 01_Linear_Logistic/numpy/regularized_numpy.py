"""Ridge and lasso in NumPy: a penalty on the weights of linear regression, never on the bias.

    ridge   mean squared error      + alpha * sum of w^2     (scikit-learn's Ridge(alpha=n * alpha))
    lasso   half mean squared error + alpha * sum of |w|     (scikit-learn's Lasso(alpha=alpha))

The table is for one target. scikit-learn's Ridge sums the errors where we take their mean, so its alpha is n times ours.
Derivations: `../theory.md`, sections 4 and 5.
"""

from __future__ import annotations

import numpy as np
from linear_numpy import GradientDescent, check_examples

Array = np.ndarray


# --8<-- [start:l2_penalty]
class L2Penalty:
    """L = alpha * sum of w^2."""

    def __init__(self, alpha: float) -> None:
        if alpha < 0:
            raise ValueError(f"L2Penalty needs alpha >= 0, got {alpha}")
        self.alpha = alpha
        self.params: dict[str, Array] = {}
        self.grads: dict[str, Array] = {}

    def forward(self, weight: Array) -> float:
        """weight: any shape."""
        if weight.size == 0:
            raise ValueError(f"L2Penalty got an empty weight of shape {weight.shape}")
        self.weight = weight
        return float(self.alpha * (weight**2).sum())

    def backward(self, dy: float = 1.0) -> Array:
        """Returns: dL/dweight, of the weight's shape."""
        # eq: ridge-backward
        return (2.0 * self.alpha * dy) * self.weight  # dL/dw = 2 alpha w

    def zero_grads(self) -> None: ...


# --8<-- [end:l2_penalty]


def l1_penalty(weight: Array, alpha: float) -> float:
    """alpha * sum of |w|. It has no derivative at 0, where the lasso's weights come to lie; hence no backward."""
    return float(alpha * np.abs(weight).sum())


# --8<-- [start:proximal]
def soft_threshold(w: Array, t: float) -> Array:
    """The minimiser of (v - w)^2 / 2 + t |v| over v: w moved towards zero by t, and 0 if it is nearer than that."""
    # eq: soft-threshold
    return np.sign(w) * np.maximum(np.abs(w) - t, 0.0)


class ProximalGradient(GradientDescent):
    """A gradient step on the smooth part of the loss, then the exact minimiser of the penalty nearby (ISTA).

    It brings weights to exactly zero, which a step along the subgradient alpha sign(w) does not: that one steps over zero
    and back.
    """

    def __init__(self, params: dict[str, Array], lr: float = 0.1, alpha: float = 0.0) -> None:
        super().__init__(params, lr)
        if alpha < 0:
            raise ValueError(f"ProximalGradient needs alpha >= 0, got {alpha}")
        self.alpha = alpha

    def step(self, grads: dict[str, Array]) -> None:
        """grads: of the smooth part alone, for every parameter."""
        super().step(grads)
        for name, param in self.params.items():
            if name.endswith("weight"):  # the bias is not penalised
                param[...] = soft_threshold(param, self.lr * self.alpha)


# --8<-- [end:proximal]


# --8<-- [start:ridge]
def ridge(x: Array, y: Array, alpha: float) -> tuple[Array, Array]:
    """The minimiser of |Y - X W^T - b|^2 + alpha |W|^2, the sums over all examples (scikit-learn's convention).

    It solves (X^T X + alpha I) W^T = X^T Y on centred data. The same system is the least squares of X with sqrt(alpha) I
    appended as further examples whose target is 0, and in that form the condition number is not squared.

    Args:
        x: (n, in). y: (n, out).
    Returns: weight (out, in), bias (out,)
    Raises:
        ValueError: alpha < 0, or shapes that do not fit.
    """
    if alpha < 0:
        raise ValueError(f"ridge needs alpha >= 0, got {alpha}")
    check_examples("ridge", x, y)
    x_mean, y_mean = x.mean(axis=0), y.mean(axis=0)
    features, targets = x.shape[1], y.shape[1]
    # eq: ridge-rows
    x_long = np.concatenate([x - x_mean, np.sqrt(alpha) * np.eye(features)])  # (n + in, in)
    y_long = np.concatenate([y - y_mean, np.zeros((features, targets))])  # (n + in, out)
    weight = np.linalg.lstsq(x_long, y_long, rcond=None)[0].T  # (out, in)
    return weight, y_mean - weight @ x_mean


# --8<-- [end:ridge]


# --8<-- [start:lasso]
def lasso(x: Array, y: Array, alpha: float, *, tol: float = 1e-14, max_steps: int = 200_000) -> tuple[Array, Array]:
    """The minimiser of |Y - X W^T - b|^2 / (2n) + alpha |W|_1 by proximal gradient steps on centred data.

    There is no closed form. The step is 1 / L, L = (largest singular value of X)^2 / n, the curvature of the smooth
    part: the largest step for which the objective never grows.

    Args:
        x: (n, in). y: (n, out), each column a problem of its own.
        tol: stop when no weight moves by more than this, relative to the largest.
    Returns: weight (out, in), 0 at constant features; bias (out,)
    Raises:
        ValueError: alpha < 0, or shapes that do not fit. RuntimeError: not converged after `max_steps`.
    """
    if alpha < 0:
        raise ValueError(f"lasso needs alpha >= 0, got {alpha}")
    check_examples("lasso", x, y)
    n = len(x)
    x_mean, y_mean = x.mean(axis=0), y.mean(axis=0)
    varies = x.max(axis=0) > x.min(axis=0)  # a constant feature explains nothing; rounding of its mean must not either
    xc, yc = np.where(varies, x - x_mean, 0.0), y - y_mean
    gram, moment = xc.T @ xc / n, xc.T @ yc / n  # (in, in), (in, out)
    step = 1.0 / np.linalg.eigvalsh(gram)[-1] if varies.any() else 1.0  # 1.0: there is nothing to step along
    weight = np.zeros((y.shape[1], x.shape[1]))
    for _ in range(max_steps):
        # eq: lasso-backward
        gradient = weight @ gram - moment.T  # of the smooth part, W X^T X / n - Y^T X / n: (out, in)
        # eq: proximal-step
        new = soft_threshold(weight - step * gradient, step * alpha)
        moved = np.abs(new - weight).max()
        weight = new
        if moved <= tol * max(np.abs(weight).max(), 1e-300):
            return weight, y_mean - weight @ x_mean
    raise RuntimeError(f"lasso did not converge in {max_steps} steps; scale the features, or raise tol above {tol}")


# --8<-- [end:lasso]
