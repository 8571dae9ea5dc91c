"""What a `check.py` works with: `t`, which calls the learner's code, compares, and records how it behaves."""

from __future__ import annotations

import copy
import inspect
import zlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from rungs.checking.arrays import arrays, is_floating, is_wide, map_arrays
from rungs.checking.measuring import instructions, numeric_gradient, peak_memory
from rungs.checking.observation import Observation
from rungs.checking.values import (
    argument_names,
    as_array,
    changed,
    describe,
    describe_call,
    rounded_to_single,
    snapshot,
)
from rungs.checking.verdict import Failure
from rungs.sandbox.child import is_ctrl_c, note
from rungs.sandbox.tracebacks import line_of_error, message

SINGLE = 1e-6
"""Differences below this share of the largest expected value look like rounding to float32, or like a numeric derivative."""


class StopPart(BaseException):
    """Ends a part that cannot go on. Not an Exception, so that a checker's own `except` lets it pass."""


class Tester:
    """What a checker calls `t`.

    The first failure of a part is the one that is shown. A part goes on after it where it can, to record how the
    answer behaves.
    """

    __test__ = False  # pytest takes it for a test class otherwise

    def __init__(self, module: ModuleType, path: Path, part: str) -> None:
        self.module = module
        self.path = path
        self.rng = np.random.default_rng(zlib.crc32(part.encode()))
        self.failure: Failure | None = None
        self.record: list[Observation] = []
        self.called = ""
        self.double = False  # whether the last call was given float64 arrays, and no others of floating point
        self.single = False  # whether it was given others
        self._tried: set[str] = set()  # functions whose arguments were tried in another layout

    # ---- calling ----

    def get(self, name: str) -> Any:
        """The thing called `name` in the learner's file; the part ends when there is none."""
        if not hasattr(self.module, name):
            why = f"The checker looks for {name} in your file."
            self.fail(Failure(f"{name} is not there", why=why, written=False))
            raise StopPart
        return getattr(self.module, name)

    def call(self, target: str | Callable, *args: Any, mutates: bool = False, **kwargs: Any) -> Any:
        """Call a function or class of the learner's file (by name), or anything callable that came out of one.

        The part ends when it raises. It fails when an array among the arguments was changed in place, unless `mutates`.
        """
        function = self._begin(target, args, kwargs)
        names = [name or f"argument {i}" for i, name in enumerate(argument_names(function, len(args)), 1)]
        given = dict(zip(names, args, strict=True)) | kwargs
        before = {} if mutates else snapshot(given)
        twin = None if mutates else self._twin(function, args, kwargs)
        try:
            value = function(*args, **kwargs)
        except BaseException as error:
            self._raised(error)
            raise StopPart from None
        for name in before:
            if changed(given[name], before[name]):
                self.observe("in place", name)
                why = "Write to a new array: the caller still needs the old values."
                self.fail(Failure(f"{name} was changed in place", called=self.called, why=why))
        if twin is not None and self.failure is None:
            self._compare_layouts(value, *twin)
        return value

    def keeps_dtype(self, target: str | Callable, *args: Any, **kwargs: Any) -> Any:
        """Call with the float64 arrays in float32: every floating array of the result must be float32. Returns: the result"""
        narrow = map_arrays(
            lambda a: a.float() if hasattr(a, "detach") else a.astype(np.float32), (args, kwargs), is_wide
        )
        value = self.call(target, *narrow[0], **narrow[1])
        wide = sum(is_wide(array) for array in arrays(value))
        why = "Arrays that your code makes should take the dtype of the input."
        self.require(not wide, f"{_name(self.called)} gives float64 back for float32", got=value, why=why)
        return value

    def raises(
        self, target: str | Callable, *args: Any, error: type[Exception] = ValueError, says: str = "", **kwargs: Any
    ) -> None:
        """The call must raise `error`, with `says` somewhere in its message."""
        function = self._begin(target, args, kwargs)
        expected = error.__name__ + (f" with {says!r} in its message" if says else "")
        try:
            value = function(*args, **kwargs)
        except error as caught:
            enough = says.lower() in str(caught).lower()
            self.observe("message", enough)
            if not enough:
                got = f"{type(caught).__name__}: {caught}"
                headline = "the error message does not say enough"
                self.fail(Failure(headline, called=self.called, expected=expected, got=got))
        except BaseException as caught:
            self._raised(caught, expected)
        else:
            self.observe("no error")
            self.fail(Failure(f"no {error.__name__}", called=self.called, expected=expected, got=describe(value)))

    # ---- comparing ----

    def equal(
        self,
        got: Any,
        expected: Any,
        *,
        rtol: float = 1e-9,
        atol: float = 1e-11,
        what: str = "",
        why: str = "",
        called: str = "",
    ) -> None:
        """`got` must have the shape of `expected`, be finite, and agree: |got - expected| <= atol + rtol |expected|.

        Args:
            what: which result this is, where the call has several: "grads['bias']".
            why: a remark shown with a failure: the property behind the comparison, not the answer.
            called: replaces the description of the last call.
        """
        called = called or self.called
        name = _result_name(what, called)
        failure = Failure("", called, what, describe(expected), describe(got), why=why)
        if got is None:
            failure.headline, failure.written = f"{name} is None: not written yet, or is a return missing?", False
            self.observe("none")
            return self.fail(failure)
        try:
            mine, right = as_array(got), as_array(expected)
            if mine.dtype.kind not in "biufc":
                raise TypeError
        except Exception:
            failure.headline = f"{name} should be numbers, and is a {type(got).__name__}"
            self.observe("type", type(got).__name__)
            return self.fail(failure)
        self.observe("value", mine.copy(), rtol=max(1e-6, 10 * rtol))
        if (self.double or (mine.dtype == np.float64 and not self.single)) and rounded_to_single(mine, right):
            return self._too_narrow(failure, name, mine)
        if mine.shape != right.shape:
            failure.headline = f"{name} has the wrong shape: expected {right.shape}, got {mine.shape}"
            return self.fail(failure)
        if not np.isfinite(mine).all() and np.isfinite(right).all():
            failure.headline = f"{name} is not finite"
            failure.difference = f"{np.count_nonzero(~np.isfinite(mine))} of {mine.size} values are nan or inf"
            return self.fail(failure)
        wide = np.complex128 if "c" in (mine.dtype.kind, right.dtype.kind) else np.float64
        with np.errstate(invalid="ignore"):  # inf - inf, where both are infinite
            off = np.abs(np.asarray(mine, wide) - np.asarray(right, wide))
        allowed = atol + rtol * np.abs(right)
        if not np.all((off <= allowed) | (mine == right)):
            at = np.unravel_index(np.argmax(np.where(np.isnan(off), np.inf, off - allowed)), off.shape)
            place = f" at [{', '.join(map(str, at))}]" if at else ""
            wrong = f"; {np.count_nonzero(off > allowed)} of {off.size} are off" if off.size > 1 else ""
            failure.headline = f"{name} gives other numbers than expected"
            failure.difference = f"{off[at]:.3g}{place}{wrong}; allowed: {atol:g} + {rtol:g} x |expected|"
            if off.max() <= SINGLE * np.abs(right[np.isfinite(right)]).max(initial=0.0):
                if self.double and mine.dtype == np.float32:
                    return self._too_narrow(failure, name, mine)
                failure.why = (
                    "The numbers agree to six digits or more: is something rounded, cut off, or computed in float32?"
                )
            return self.fail(failure)
        return None

    def _too_narrow(self, failure: Failure, name: str, mine: np.ndarray) -> None:
        failure.headline = f"{name} is computed in single precision"
        single = "It came back as float32" if mine.dtype == np.float32 else "Something on the way to it is float32"
        failure.why = f"The arguments are float64. {single}: stay in float64 throughout."
        self.fail(failure)

    def between(self, got: Any, low: float, high: float, *, what: str = "", why: str = "", match: float = 0.05) -> None:
        """A measured number must lie in [low, high]. `match`: relative tolerance within which a mistake counts as the same."""
        name = _result_name(what, self.called)
        failure = Failure("", self.called, what, f"between {low:g} and {high:g}", describe(got), why=why)
        try:
            value = float(as_array(got))
        except (TypeError, ValueError):
            failure.headline = f"{name} should be one number"
            failure.written = got is not None
            self.observe("type", type(got).__name__)
            return self.fail(failure)
        self.observe("value", np.asarray(value), rtol=match)
        if not low <= value <= high:
            failure.headline = f"{name} is outside the range that a right experiment gives"
            return self.fail(failure)
        return None

    def require(
        self, ok: Any, headline: str, *, expected: str = "", got: Any = "", why: str = "", what: str = ""
    ) -> None:
        """A property with no number to compare. `headline` says what is wrong when it does not hold."""
        self.observe("holds", bool(ok))
        if not ok:
            shown = got if isinstance(got, str) else describe(got)
            self.fail(Failure(headline, self.called, what, expected, shown, why=why))

    def own_memory(self, got: Any, *others: Any, what: str = "") -> None:
        """The array `got` must share no memory with the arrays `others`: writing to it must leave them alone."""
        shared = any(np.shares_memory(as_array(got), as_array(other)) for other in others)
        name = _result_name(what, self.called)
        why = "Whoever writes to the result would change the array that was given."
        self.require(not shared, f"{name} must be a new array, and is the one that was given, or a view of it", why=why)

    def no_loop(self, target: str | Callable, small: tuple, large: tuple, *, over: str, **kwargs: Any) -> None:
        """The call with arguments `large` must run about as many instructions of the learner's file as with `small`.

        They are counted and not timed, so the outcome does not depend on the machine. A loop that the answer hands to
        NumPy or to a module of the course is not seen.

        Args:
            over: what the arguments differ in, and must not be looped over: "the examples".
        """
        few, many = (
            instructions(self.path, lambda args=args: self.call(target, *args, mutates=True, **kwargs))
            for args in (small, large)  # mutates: run once, without the comparisons that a first call brings
        )
        why = "Array operations take all of them at once: write the shapes down, and let NumPy broadcast."
        self.require(many <= 1.5 * few, f"{_name(self.called)} loops over {over}", why=why)

    def memory(self, target: str | Callable, *args: Any, at_most: float, why: str = "", **kwargs: Any) -> Any:
        """Calls, and requires that no more than `at_most` bytes are allocated at any moment. Returns what the call returned."""
        value, used = peak_memory(lambda: self.call(target, *args, mutates=True, **kwargs))
        name = _name(self.called)
        self.require(
            used <= at_most,
            f"{name} needs more memory than its arguments call for",
            expected=f"at most {at_most / 1e6:.3g} MB",
            got=f"{used / 1e6:.3g} MB",
            why=why,
        )
        return value

    numeric_gradient = staticmethod(numeric_gradient)

    # ---- recording ----

    def observe(self, kind: str, what: Any = None, *, rtol: float = 0.0) -> None:
        self.record.append(Observation(kind, what, rtol))

    def fail(self, failure: Failure) -> None:
        """The first failure of a part is the one that counts."""
        if self.failure is None:
            self.failure = failure

    def _begin(self, target: str | Callable, args: tuple, kwargs: dict[str, Any]) -> Callable:
        function = self.get(target) if isinstance(target, str) else target
        label = target if isinstance(target, str) else getattr(target, "__qualname__", type(target).__name__)
        try:
            self.called = describe_call(label, function, args, kwargs)
        except Exception:
            self.called = f"{label}(...)"
        wide = [is_wide(array) for array in arrays((args, kwargs)) if is_floating(array)]
        self.double, self.single = bool(wide) and all(wide), not all(wide)
        note(self.called)
        return function

    def _twin(self, function: Callable, args: tuple, kwargs: dict[str, Any]) -> tuple[Callable, tuple, dict] | None:
        """The same call on copies, with the matrices in column order; None where there is none, and after the first time."""
        owner = getattr(function, "__self__", function)
        home = getattr(owner, "__module__", None)
        matrices = [
            a for a in arrays((args, kwargs)) if isinstance(a, np.ndarray) and a.ndim > 1 and a.dtype.kind == "f"
        ]
        name = getattr(function, "__qualname__", "")
        if home != self.module.__name__ or inspect.isclass(function) or not matrices or name in self._tried:
            return None
        self._tried.add(name)
        twin = copy.deepcopy((function, args, kwargs))
        return twin[0], *map_arrays(lambda a: a.copy(order="F"), twin[1:], lambda a: isinstance(a, np.ndarray))

    def _compare_layouts(self, value: Any, function: Callable, args: tuple, kwargs: dict[str, Any]) -> None:
        """The twin must give what the call gave."""
        why = "The same arrays, stored column by column: the order in memory is not the order of the axes."
        try:
            other = function(*args, **kwargs)
        except BaseException as error:
            self._raised(error)
            if self.failure is not None:
                self.failure.why = why
            return
        for mine, theirs in zip(arrays(value), arrays(other), strict=True):
            mine, theirs = as_array(mine), as_array(theirs)
            size = np.abs(mine[np.isfinite(mine)]).max(initial=0.0)  # float32 rounds otherwise too: `equal` tells that
            if not np.allclose(mine, theirs, rtol=1e-4, atol=1e-4 * size, equal_nan=True):
                headline = f"{_name(self.called)} depends on how its arguments lie in memory"
                self.observe("layout", headline)
                return self.fail(Failure(headline, self.called, "", describe(mine), describe(theirs), why=why))
        return None

    def _raised(self, error: BaseException, expected: str = "") -> None:
        """Make a failure of what the learner's code raised."""
        if is_ctrl_c(error):
            raise error
        self.observe("raised", type(error).__name__)
        failure = Failure("", self.called, where=line_of_error(error, self.path))
        if isinstance(error, NotImplementedError):
            failure.headline = f"not written yet: {message(error) or _name(self.called)}"
            failure.called, failure.written = "", False
        elif isinstance(error, SystemExit):
            failure.headline, failure.why = "your code called exit()", "Return a value instead."
        elif isinstance(error, MemoryError):
            failure.headline = "your code asked for more memory than a check may use"
        elif isinstance(error, RecursionError):
            failure.headline = "your code calls itself without end"
        else:
            first_line = next(iter(message(error).splitlines()), "")
            failure.headline = f"your code raised {type(error).__name__}: {first_line}"
            failure.expected = expected
        self.fail(failure)


def _name(called: str) -> str:
    """The function's name in the description of a call."""
    return called.split("(")[0]


def _result_name(what: str, called: str) -> str:
    return what or _name(called) or "the result"
