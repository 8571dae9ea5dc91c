"""NumPy arrays and tensors within what a function takes and gives back, told apart without importing torch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from rungs.checking.values import as_array


def is_array(value: Any) -> bool:
    """Whether it is a NumPy array or a tensor."""
    return isinstance(value, np.ndarray) or (hasattr(value, "detach") and hasattr(value, "dtype"))


def arrays(value: Any) -> Iterator[Any]:
    """The arrays in lists, tuples and dictionaries, from left to right."""
    if is_array(value):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from arrays(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from arrays(item)


def map_arrays(function: Callable[[Any], Any], value: Any, only: Callable[[Any], bool] = is_array) -> Any:
    """The same lists, tuples and dictionaries with `function` of each array for which `only` holds."""
    if is_array(value):
        return function(value) if only(value) else value
    if isinstance(value, dict):
        return {key: map_arrays(function, item, only) for key, item in value.items()}
    if isinstance(value, list | tuple) and type(value) in (list, tuple):
        return type(value)(map_arrays(function, item, only) for item in value)
    return value


def is_floating(value: Any) -> bool:
    return value.is_floating_point() if hasattr(value, "detach") else value.dtype.kind == "f"


def is_wide(value: Any) -> bool:
    """Whether it holds float64."""
    return str(value.dtype).removeprefix("torch.") == "float64"


def widened(value: Any, *, narrow: bool = False) -> Any:
    """The array in float64; with `narrow`, rounded to float32 before."""
    if hasattr(value, "detach"):
        return (value.float() if narrow else value).double()
    return (value.astype(np.float32) if narrow else value).astype(np.float64)


def same_values(one: Any, other: Any) -> bool:
    return (
        tuple(one.shape) == tuple(other.shape)
        and one.dtype == other.dtype
        and bool(np.array_equal(as_array(one), as_array(other)))
    )


def overlap(one: Any, other: Any) -> bool:
    """Whether the two share memory."""
    return np.shares_memory(as_array(one), as_array(other))
