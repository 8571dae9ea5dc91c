"""What the chapters' layer cases and checks are written with."""

from __future__ import annotations

from typing import Any

import numpy as np

from utils.parity.finding import Finding, failed, passed


def randomised(layer: Any, rng: np.random.Generator, scale: float = 1.0) -> Any:
    """The layer with all of its parameters drawn from N(0, scale^2): biases of zero would hide that they are left out."""
    for p in layer.params.values():
        p[...] = rng.normal(size=p.shape) * scale
    return layer


def near(what: str, got: float, want: float, tolerance: float) -> Finding:
    """A measured statistic against its expected value, within a relative tolerance."""
    off = abs(got / want - 1.0)
    return passed(what, off) if off <= tolerance else failed(what, f"{got:.5g}, expected {want:.5g} +- {tolerance:.2%}")
