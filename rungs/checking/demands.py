"""What a checker may demand of the way in which a result is made: memory, time, loops, dtype.

The functions are methods of `Tester`, which they take as `t`.
"""

from __future__ import annotations

import sys
import time
import tracemalloc
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from rungs.checking.arrays import arrays, is_wide, map_arrays
from rungs.checking.values import as_array, function_name, result_name

if TYPE_CHECKING:
    from rungs.checking.tester import Tester


def keeps_dtype(t: Tester, target: str | Callable, *args: Any, **kwargs: Any) -> Any:
    """Call with the float64 arrays in float32: every floating array of the result must be float32. Returns: the result"""
    narrow = map_arrays(lambda a: a.float() if hasattr(a, "detach") else a.astype(np.float32), (args, kwargs), is_wide)
    value = t.call(target, *narrow[0], **narrow[1])
    wide = sum(is_wide(array) for array in arrays(value))
    why = "Arrays that your code makes should take the dtype of the input."
    t.require(not wide, f"{function_name(t.called)} gives float64 back for float32", got=value, why=why)
    return value


def quick(t: Tester, target: str | Callable, *args: Any, seconds: float, **kwargs: Any) -> Any:
    """The call must take less processor time than this. `seconds`: several times what a vectorised answer takes on the
    slowest machine, and well below what a loop takes on the fastest. Returns: the result"""
    begin = time.process_time()
    value = t.call(target, *args, **kwargs)
    spent = time.process_time() - begin
    t.require(
        spent < seconds,
        f"{function_name(t.called)} is too slow: is there a Python loop over the examples?",
        expected=f"less than {seconds:g} s of processor time",
        got=f"{spent:.2g} s",
    )
    return value


def own_memory(t: Tester, got: Any, *others: Any, what: str = "") -> None:
    """The array `got` must share no memory with the arrays `others`: writing to it must leave them alone."""
    shared = any(np.shares_memory(as_array(got), as_array(other)) for other in others)
    name = result_name(what, t.called)
    why = "Whoever writes to the result would change the array that was given."
    t.require(not shared, f"{name} must be a new array, and is the one that was given, or a view of it", why=why)


def no_loop(t: Tester, target: str | Callable, small: tuple, large: tuple, *, over: str, **kwargs: Any) -> None:
    """The call with arguments `large` must run about as many instructions of the learner's file as with `small`.

    They are counted and not timed, so the outcome does not depend on the machine. A loop that the answer hands to
    NumPy or to a module of the course is not seen.

    Args:
        over: what the arguments differ in, and must not be looped over: "the examples".
    """
    few, many = (_instructions(t, target, args, kwargs) for args in (small, large))
    why = "Array operations take all of them at once: write the shapes down, and let NumPy broadcast."
    t.require(many <= 1.5 * few, f"{function_name(t.called)} loops over {over}", why=why)


def _instructions(t: Tester, target: str | Callable, args: tuple, kwargs: dict[str, Any]) -> int:
    count = 0

    def trace(frame, event, _):
        nonlocal count
        if frame.f_code.co_filename != str(t.path):
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        t.call(target, *args, mutates=True, **kwargs)  # once, without the comparisons that call makes
    finally:
        sys.settrace(before)
    return count


def memory(t: Tester, target: str | Callable, *args: Any, at_most: float, why: str = "", **kwargs: Any) -> Any:
    """Calls, and requires that no more than `at_most` bytes are allocated at any moment. Returns what the call returned."""
    tracing = tracemalloc.is_tracing()
    tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        value = t.call(target, *args, mutates=True, **kwargs)
        used = tracemalloc.get_traced_memory()[1] - before
    finally:
        if not tracing:
            tracemalloc.stop()
    name = function_name(t.called)
    t.require(
        used <= at_most,
        f"{name} needs more memory than its arguments call for",
        expected=f"at most {at_most / 1e6:.3g} MB",
        got=f"{used / 1e6:.3g} MB",
        why=why,
    )
    return value
