"""Arrays on their way into a level and out of it: dtypes, copies between NumPy and torch, optimizer state by name.

Nothing here returns a view: what the caller holds is never shared or changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from utils.ladder import Batch, Params

if TYPE_CHECKING:
    from torch import Tensor

Outputs = dict[str, np.ndarray]


def float_dtype(params: Params) -> np.dtype:
    """The one floating dtype of `params`; raises ValueError when there are two or none."""
    found = {value.dtype for value in params.values() if np.issubdtype(value.dtype, np.floating)}
    if len(found) != 1:
        raise ValueError(f"parameters must have one floating dtype, got {sorted(map(str, found))}")
    return found.pop()


def cast_batch(batch: Batch, dtype: np.dtype) -> Batch:
    """The batch with its floating arrays in `dtype`; labels and masks keep theirs."""
    return {
        name: np.asarray(value, dtype) if np.issubdtype(value.dtype, np.floating) else value
        for name, value in batch.items()
    }


def as_float32(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Copies, with the floating arrays in float32: parameters and batches for `rungs bench`."""
    return {name: np.array(value) for name, value in cast_batch(dict(arrays), np.dtype(np.float32)).items()}


def flatten(value: Any) -> list[Any]:
    """The parts of nested tuples in order: (y, (h, c)) -> [y, h, c]; a value that is no tuple is its only part."""
    if not isinstance(value, tuple | list):
        return [value]
    return [part for element in value for part in flatten(element)]


def rebuild(like: Any, parts: Iterator[Any]) -> Any:
    """`parts` nested as `like` is: the inverse of `flatten`."""
    if not isinstance(like, tuple | list):
        return next(parts)
    return tuple(rebuild(element, parts) for element in like)


def load_arrays(target: Mapping[str, np.ndarray], source: Mapping[str, np.ndarray]) -> None:
    """Copy `source` into the arrays of `target`: the same names and shapes, or a ValueError that names the difference."""
    missing, unknown = sorted(target.keys() - source.keys()), sorted(source.keys() - target.keys())
    if missing or unknown:
        raise ValueError(f"parameters do not fit the model: missing {missing or 'none'}, unknown {unknown or 'none'}")
    for name, value in source.items():
        if target[name].shape != value.shape:
            raise ValueError(f"parameter {name} expected shape {target[name].shape}, got {value.shape}")
        target[name][...] = value


def flat_state(state: Mapping[str, Mapping[str, Any]]) -> Params:
    """{"exp_avg": {"weight": a}} -> {"exp_avg.weight": copy of a}; arrays, tensors and plain counters alike."""
    return {f"{k}.{name}": value for k, values in state.items() for name, value in to_numpy_state(values).items()}


def to_torch(arrays: Mapping[str, np.ndarray]) -> dict[str, Tensor]:
    """Copies, never views: an in-place update of one must not change the other."""
    import torch

    return {name: torch.tensor(value) for name, value in arrays.items()}


def to_numpy(tensors: Mapping[str, Tensor]) -> Params:
    return {name: np.array(value.detach().cpu().numpy()) for name, value in tensors.items()}


def to_numpy_state(values: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Optimizer state by parameter name, as arrays."""
    return {n: np.array(v.detach().cpu().numpy() if hasattr(v, "detach") else v) for n, v in values.items()}
