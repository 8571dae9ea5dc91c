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
    raise NotImplementedError("mean_squares")


def forward_factor(init: Init, fan_in: int, fan_out: int, rng: np.random.Generator) -> float:
    """The mean square of relu(x W^T) over that of x, averaged over DRAWS weights; x (EXAMPLES, fan_in) standard normal."""
    raise NotImplementedError("forward_factor")


def backward_factor(init: Init, fan_in: int, fan_out: int, rng: np.random.Generator) -> float:
    """The mean square of dx over that of dy for y = relu(x W^T), averaged over DRAWS weights; x and dy standard normal."""
    raise NotImplementedError("backward_factor")


def gain(f: Callable[[Array], Array], rng: np.random.Generator) -> float:
    """The g for which weights of variance g^2 / fan_in make up for f, where f receives standard normal numbers."""
    raise NotImplementedError("gain")
