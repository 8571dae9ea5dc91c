"""The largest learning rate for linear regression: measured, predicted, and what scaling the features does to it."""

import numpy as np
from linear_numpy import GradientDescent, LinearRegression, MSELoss, least_squares, training_step


def zero_model(x: np.ndarray, y: np.ndarray) -> LinearRegression:
    """Linear regression from x (n, D) to y (n, K) with all parameters at zero: where every run begins."""
    model = LinearRegression(x.shape[1], y.shape[1], rng=np.random.default_rng(0))
    for param in model.params.values():
        param[...] = 0.0
    return model


def losses(x: np.ndarray, y: np.ndarray, *, lr: float, steps: int) -> np.ndarray:
    """The mean squared error before the first of `steps` full-batch steps and after each of them.

    x: (n, D). y: (n, K). Returns: (steps + 1,)
    """
    model, criterion = zero_model(x, y), MSELoss()
    optimizer = GradientDescent(model.params, lr)
    found = [
        training_step(model, criterion, optimizer, x, y) for _ in range(steps)
    ]  # each is the loss before its update
    found.append(criterion.forward(model.forward(x), y))
    return np.array(found)


def measured_limit(x: np.ndarray, y: np.ndarray) -> float:
    """The learning rate above which gradient descent diverges, within 3 %, found by trying. x: (n, D). y: (n, K)."""

    def converges(lr: float) -> bool:
        with np.errstate(all="ignore"):  # a run that diverges overflows
            run = losses(x, y, lr=lr, steps=120)
        return bool(np.isfinite(run[-1]) and run[-1] < run[0])

    low = high = 1.0
    while not converges(low):
        low /= 2.0
    while converges(high):
        high *= 2.0
    while high > 1.01 * low:
        middle = np.sqrt(low * high)
        low, high = (middle, high) if converges(middle) else (low, middle)
    return float(low)


def predicted_limit(x: np.ndarray, y: np.ndarray) -> float:
    """The same limit from the largest curvature of the loss, without a step. x: (n, D). y: (n, K)."""
    x1 = np.column_stack([x, np.ones(len(x))])  # (n, D + 1): the bias is a weight like the others
    hessian = 2.0 / y.size * x1.T @ x1  # the mean is over n * K elements
    return float(2.0 / np.linalg.eigvalsh(hessian)[-1])


def steps_needed(x: np.ndarray, y: np.ndarray, *, lr: float, share: float, max_steps: int = 1000) -> int:
    """Steps until the loss is above its minimum by at most `share` of what it was above it at first.

    x: (n, D). y: (n, K).

    Raises:
        RuntimeError: not there after `max_steps`.
    """
    model, criterion = zero_model(x, y), MSELoss()
    optimizer = GradientDescent(model.params, lr)
    weight, bias = least_squares(x, y)
    lowest = criterion.forward(x @ weight.T + bias, y)
    first = criterion.forward(model.forward(x), y) - lowest
    for steps in range(max_steps + 1):
        if training_step(model, criterion, optimizer, x, y) - lowest <= share * first:  # the loss before the update
            return steps
    raise RuntimeError(f"steps_needed did not come within {share} of the minimum in {max_steps} steps at lr={lr}")


def speed_up(x: np.ndarray, y: np.ndarray, *, share: float) -> float:
    """How many times as many steps the features need as they are, compared with mean 0 and variance 1 each.

    Both at half of their own predicted limit. x: (n, D). y: (n, K).
    """
    scaled = (x - x.mean(axis=0)) / x.std(axis=0)
    raw = steps_needed(x, y, lr=predicted_limit(x, y) / 2.0, share=share)
    return raw / steps_needed(scaled, y, lr=predicted_limit(scaled, y) / 2.0, share=share)
