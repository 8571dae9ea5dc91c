"""What initialisation does to the signal: measured layer by layer, forward and backward."""

from collections.abc import Callable

import numpy as np

Array = np.ndarray
Init = Callable[..., Array]  # init((out, in), rng=rng) -> a weight (out, in), as in mlp_numpy

EXAMPLES = 64
DRAWS = 20


def mean_squares(init: Init, width: int, depth: int, rng: np.random.Generator) -> Array:
    """The mean square of a standard normal batch (EXAMPLES, width), and of the output of each of `depth` layers.

    A layer is y = relu(x W^T), its W (width, width) drawn afresh by `init`. Returns: (depth + 1,), the input first
    """
    x = rng.normal(size=(EXAMPLES, width))
    found = [(x**2).mean()]
    for _ in range(depth):
        x = np.maximum(x @ init((width, width), rng=rng).T, 0.0)
        found.append((x**2).mean())
    return np.array(found)


def forward_factor(init: Init, fan_in: int, fan_out: int, rng: np.random.Generator) -> float:
    """The mean square of relu(x W^T) over that of x, averaged over DRAWS weights; x (EXAMPLES, fan_in) standard normal."""
    factors = []
    for _ in range(DRAWS):
        x = rng.normal(size=(EXAMPLES, fan_in))
        y = np.maximum(x @ init((fan_out, fan_in), rng=rng).T, 0.0)  # (EXAMPLES, fan_out)
        factors.append((y**2).mean() / (x**2).mean())
    return float(np.mean(factors))


def backward_factor(init: Init, fan_in: int, fan_out: int, rng: np.random.Generator) -> float:
    """The mean square of dx over that of dy for y = relu(x W^T), averaged over DRAWS weights; x and dy standard normal."""
    factors = []
    for _ in range(DRAWS):
        x, dy = rng.normal(size=(EXAMPLES, fan_in)), rng.normal(size=(EXAMPLES, fan_out))
        weight = init((fan_out, fan_in), rng=rng)
        dx = (dy * (x @ weight.T > 0)) @ weight  # (EXAMPLES, fan_out) -> (EXAMPLES, fan_in)
        factors.append((dx**2).mean() / (dy**2).mean())
    return float(np.mean(factors))


def gain(f: Callable[[Array], Array], rng: np.random.Generator) -> float:
    """The g for which weights of variance g^2 / fan_in make up for f, where f receives standard normal numbers."""
    return float(1.0 / np.sqrt((f(rng.normal(size=100_000)) ** 2).mean()))
