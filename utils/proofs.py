"""What the chapters' `proofs/` folders share: parts of a level's module, random parameters, statistics, fresh models."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from utils.ladder import Params
from utils.parity.finding import Finding, failed, passed


def part(module: ModuleType, name: str, home: str) -> Any:
    """A class or function of the level's own module, or of the module of the chapter that holds it.

    The module may be a learner's, which need not have all that ours has.
    """
    return getattr(module, name) if hasattr(module, name) else getattr(importlib.import_module(home), name)


def randomised(layer: Any, rng: np.random.Generator, scale: float = 1.0) -> Any:
    """The layer with all of its parameters drawn from N(0, scale^2): biases of zero would hide that they are left out."""
    for p in layer.params.values():
        p[...] = rng.normal(size=p.shape) * scale
    return layer


def near(what: str, got: float, want: float, tolerance: float) -> Finding:
    """A measured statistic against its expected value, within a relative tolerance."""
    off = abs(got / want - 1.0)
    return passed(what, off) if off <= tolerance else failed(what, f"{got:.5g}, expected {want:.5g} +- {tolerance:.2%}")


def fresh_params(
    module: str, model: str, *sizes: Any, dtype: Any = np.float64, **options: Any
) -> Callable[[np.random.Generator], Params]:
    """The initialisation of a NumPy model, `module.model(*sizes, **options)`, at sizes of one's own."""

    def init(rng: np.random.Generator) -> Params:
        made = getattr(importlib.import_module(module), model)(*sizes, **options, rng=rng, dtype=dtype)
        return {name: p.copy() for name, p in {**made.params, **getattr(made, "buffers", {})}.items()}

    return init
