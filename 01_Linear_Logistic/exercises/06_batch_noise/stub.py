"""How far the gradient of a batch lies from the gradient of all examples, measured and predicted."""

from collections.abc import Sequence

import numpy as np


def example_gradients(x: np.ndarray, targets: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """The gradient of the logistic loss of each example alone.

    x: (n, D). targets: (n,), 0 or 1. weight: (1, D). bias: (1,).
    Returns: (n, D + 1), the D weights' first and the bias's last
    """
    raise NotImplementedError("example_gradients")


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
    raise NotImplementedError("gradient_noise")


def predicted_noise(
    x: np.ndarray, targets: np.ndarray, weight: np.ndarray, bias: np.ndarray, *, batch_size: int
) -> float:
    """What `gradient_noise` tends to with many draws, without drawing."""
    raise NotImplementedError("predicted_noise")


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
    raise NotImplementedError("noise_exponent")
