"""Random parameters to prove on."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np


def random_like(arrays: Mapping[str, np.ndarray], rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Parameters and buffers of the same names and shapes, all random, in float64: matrices and kernels so that signals
    keep their size, scales and variances around one, the rest around zero. Fresh biases are zeros and fresh scales ones,
    and a layer that ignores either would look right.
    """
    found: dict[str, np.ndarray] = {}
    for name, like in arrays.items():
        if not np.issubdtype(like.dtype, np.floating):
            found[name] = np.array(rng.integers(1, 100, like.shape), like.dtype)
        elif name.endswith("running_var") or (name.endswith("weight") and like.ndim == 1):
            found[name] = rng.uniform(0.5, 1.5, like.shape)
        elif like.ndim > 1:
            found[name] = rng.normal(size=like.shape) * np.sqrt(2.0 / np.prod(like.shape[1:]))
        else:
            found[name] = rng.normal(size=like.shape) * 0.3
    return found
