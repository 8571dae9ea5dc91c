"""The values that a check passes to a learner's code and gets back: in words, and before and after a call."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np


def as_array(value: Any) -> np.ndarray:
    """A NumPy array from an array, tensor, number or list."""
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    return np.asarray(value)


# ---- in words ----


def describe(value: Any) -> str:
    """A value in one or a few lines, an array with its shape and dtype."""
    if value is None or isinstance(value, (str, bool)):
        return repr(value)
    with contextlib.suppress(Exception):
        array = as_array(value)
        if array.dtype != object:
            if array.ndim == 0:
                return f"{array.item():.10g}" if array.dtype.kind == "f" else str(array.item())
            plain = array.dtype.kind == "f" and 1e-3 < np.abs(array).max(initial=1.0) < 1e5  # no 1.234e+00 then
            text = np.array2string(
                array, precision=6, threshold=40, edgeitems=3, max_line_width=100, suppress_small=plain
            )
            return f"shape {array.shape} {array.dtype}\n{text}"
    text = repr(value)
    return text if len(text) < 200 else text[:200] + " ..."


def describe_call(label: str, function: Callable, args: tuple, kwargs: dict[str, Any]) -> str:
    """A call in one line: "ridge_gradient(X (7, 3), y (7,), alpha=0.7)"."""
    given = [*zip(argument_names(function, len(args)), args, strict=True), *kwargs.items()]
    return f"{label}({', '.join(_argument(name, value) for name, value in given)})"


def argument_names(function: Callable, count: int) -> list[str]:
    """The names of the first `count` positional arguments; "" where the signature does not tell."""
    names: list[str] = []
    with contextlib.suppress(TypeError, ValueError):
        parameters = inspect.signature(function).parameters.items()
        names = [name for name, p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return (names + [""] * count)[:count]


def _argument(name: str, value: Any) -> str:
    shape = getattr(value, "shape", None)
    if shape is not None and len(shape) > 0:
        return f"{name} {tuple(shape)}".strip()
    if isinstance(value, np.random.Generator):
        return name or "rng"
    if isinstance(value, dict) and len(value) > 3:
        text = "{" + ", ".join(_argument(str(key), item) for key, item in value.items()) + "}"
    elif isinstance(value, (list, tuple)) and any(hasattr(item, "shape") for item in value):
        text = "[" + ", ".join(_argument("", item) for item in value) + "]"
    elif callable(value):
        text = getattr(value, "__name__", "a function")
    else:
        text = f"{value:.6g}" if isinstance(value, float) else repr(value)
        text = text if len(text) < 60 else text[:60] + "..."
    return f"{name}={text}" if name else text


# ---- before and after a call ----


def snapshot(value: Any) -> Any:
    """A copy of the arrays in `value`, for `changed` to compare with later; None where there is none."""
    if isinstance(value, np.ndarray):
        return value.copy()
    if hasattr(value, "detach"):
        return value.detach().clone()
    if isinstance(value, (list, tuple)):
        return [snapshot(item) for item in value]
    if isinstance(value, dict):
        return {key: snapshot(item) for key, item in value.items()}
    return None


def changed(value: Any, before: Any) -> bool:
    """Whether an array in `value` is another than in the snapshot taken before."""
    if isinstance(before, list):
        return len(value) != len(before) or any(changed(a, b) for a, b in zip(value, before, strict=True))
    if isinstance(before, dict):
        return value.keys() != before.keys() or any(changed(value[key], before[key]) for key in before)
    if before is None:
        return False
    old = as_array(before)
    return not np.array_equal(as_array(value), old, equal_nan=old.dtype.kind in "fc")


# ---- precision ----


def rounded_to_single(mine: np.ndarray, right: np.ndarray) -> bool:
    """Whether `mine` holds no more than float32 can where `right` does; one value may be chance, so it takes three."""
    if mine.shape != right.shape or mine.dtype.kind != "f" or right.dtype != np.float64:
        return False
    with np.errstate(all="ignore"):
        telling = np.abs(right - right.astype(np.float32)) > 4e-9 * np.abs(right)
        return bool(np.count_nonzero(telling) >= 3) and bool(np.all(mine[telling] == mine[telling].astype(np.float32)))
