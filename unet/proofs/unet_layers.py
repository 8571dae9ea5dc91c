"""The layers of the chapter and the torch operation that each must equal.

TODO(rungs new): every layer of the NumPy level, at ordinary, tied and extreme inputs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from unet_levels import WIDTH, B

from utils.ladder import LayerCase, Load


def scale_case(load: Load, rng: np.random.Generator, dtype: Any) -> tuple[Any, tuple[np.ndarray, ...]]:
    return load("unet_numpy").Scale(WIDTH, rng=rng, dtype=dtype), (rng.normal(size=(B, WIDTH)),)


LAYERS = (LayerCase("Scale", scale_case, lambda params, x: x * params["weight"]),)
