"""How far the gradient of a batch lies from the gradient of all examples, measured and predicted."""

from collections.abc import Sequence

import numpy as np
from logistic_numpy import sigmoid


def example_gradients(x: np.ndarray, targets: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """The gradient of the logistic loss of each example alone.

    x: (n, D). targets: (n,), 0 or 1. weight: (1, D). bias: (1,).
    Returns: (n, D + 1), the D weights' first and the bias's last
    """
    dlogits = sigmoid(x @ weight[0] + bias[0]) - targets  # (n,): no mean, every example is a batch of its own
    return dlogits[:, np.newaxis] * np.column_stack([x, np.ones(len(x))])  # (n, 1) * (n, D + 1)


def gradient_noise(
    x: np.ndarray,
    targets: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray,
    *,
    batch_size: int,
    draws: int,
    rng: np.random.Generator,
) -> float:
    """The mean squared distance between the gradient of a random batch and the gradient of all examples.

    Measured on `draws` batches, each of `batch_size` different examples. Arguments as in `example_gradients`.
    """
    each = example_gradients(x, targets, weight, bias)  # (n, D + 1)
    full = each.mean(axis=0)
    total = 0.0
    for _ in range(draws):
        rows = rng.choice(len(x), size=batch_size, replace=False)
        total += ((each[rows].mean(axis=0) - full) ** 2).sum()
    return float(total / draws)


def predicted_noise(
    x: np.ndarray, targets: np.ndarray, weight: np.ndarray, bias: np.ndarray, *, batch_size: int
) -> float:
    """What `gradient_noise` tends to with many draws, without drawing."""
    n = len(x)
    variance = example_gradients(x, targets, weight, bias).var(axis=0).sum()  # of one example, all parameters together
    return float(variance / batch_size * (n - batch_size) / (n - 1))


def noise_exponent(
    x: np.ndarray,
    targets: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray,
    *,
    batch_sizes: Sequence[int],
    draws: int,
    rng: np.random.Generator,
) -> float:
    """The slope of log(measured noise) against log(batch size): a in noise = const * batch_size^a, by least squares."""
    noises = [gradient_noise(x, targets, weight, bias, batch_size=size, draws=draws, rng=rng) for size in batch_sizes]
    log_sizes = np.log(np.asarray(batch_sizes, dtype=np.float64))
    slope, _ = np.polyfit(log_sizes, np.log(noises), deg=1)
    return float(slope)
