"""What a learner's code did in a part of a check, and whether two answers behave alike."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np


class Observation(NamedTuple):
    """One thing that the learner's code did."""

    kind: str  # "value", "raised", "in place", ...
    what: Any  # the array, the error's name, ...
    rtol: float = 0.0  # relative tolerance within which two values count as the same


def same_behaviour(mine: list[Observation], other: list[Observation]) -> bool:
    """Whether two records show the same behaviour, within the tolerances of the second."""
    return len(mine) == len(other) and begins_alike(mine, other)


def begins_alike(mine: list[Observation], other: list[Observation]) -> bool:
    """Whether the second record, which may be unfinished, shows what the first begins with, within its own tolerances."""
    return len(mine) >= len(other) and all(same(*pair) for pair in zip(mine, other, strict=False))


def same(mine: Observation, other: Observation) -> bool:
    """Whether two observations agree within the tolerance of the second."""
    if mine.kind != other.kind:
        return False
    if mine.kind != "value":
        return mine.what == other.what
    return mine.what.shape == other.what.shape and np.allclose(
        mine.what, other.what, rtol=other.rtol, atol=1e-9, equal_nan=True
    )
