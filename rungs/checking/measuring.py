"""What a check measures: numeric gradients, the instructions of the learner's file, memory."""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np


def numeric_gradient(
    function: Callable[[], Any], x: np.ndarray, dy: Any = 1.0, *, h: float = 1e-6, smooth: bool = False
) -> np.ndarray:
    """Central differences of sum(dy * function()) with respect to the float64 array `x`, which is changed and put back.

    Args:
        smooth: the function has no kink within 2e-3 of x. Four points are taken then, h = 1e-3 apart, and what is left
            of the error is about 1e-11: enough to tell double precision from single.
    """
    h, weights = (1e-3, {1: 8 / 12, -1: -8 / 12, 2: -1 / 12, -2: 1 / 12}) if smooth else (h, {1: 0.5, -1: -0.5})
    gradient = np.zeros(x.shape)
    for index in np.ndindex(*x.shape):
        old = x[index]
        for steps, weight in weights.items():
            x[index] = old + steps * h
            gradient[index] += weight * np.sum(dy * np.asarray(function())) / h
        x[index] = old
    return gradient


def instructions(path: Path, run: Callable[[], Any]) -> int:
    """How many instructions of the file at `path` are executed in `run()`."""
    count = 0

    def trace(frame, event, _):
        nonlocal count
        if frame.f_code.co_filename != str(path):
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        run()
    finally:
        sys.settrace(before)
    return count


def peak_memory(run: Callable[[], Any]) -> tuple[Any, int]:
    """What `run()` returns, and the largest number of bytes that were allocated in it at any moment."""
    tracing = tracemalloc.is_tracing()
    tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        return run(), tracemalloc.get_traced_memory()[1] - before
    finally:
        if not tracing:
            tracemalloc.stop()
