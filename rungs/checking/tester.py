"""What a `check.py` works with: `t`, which calls the learner's code, compares, and records how it behaves."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from rungs.checking.values import argument_names, as_array, changed, describe, describe_call, snapshot
from rungs.checking.verdict import Failure
from rungs.sandbox.child import is_ctrl_c, note
from rungs.sandbox.tracebacks import line_of_error, message


class StopPart(BaseException):
    """Ends a part that cannot go on. Not an Exception, so that a checker's own `except` lets it pass."""


class Observation(NamedTuple):
    """One thing that the learner's code did."""

    kind: str  # "value", "raised", "in place", ...
    what: Any  # the array, the error's name, ...
    rtol: float = 0.0  # relative tolerance within which two values count as the same


def same_behaviour(mine: list[Observation], other: list[Observation]) -> bool:
    """Whether two records show the same behaviour, within the tolerances of the second."""
    return len(mine) == len(other) and all(_same(*pair) for pair in zip(mine, other, strict=True))


def _same(mine: Observation, other: Observation) -> bool:
    if mine.kind != other.kind:
        return False
    if mine.kind != "value":
        return mine.what == other.what
    return mine.what.shape == other.what.shape and np.allclose(
        mine.what, other.what, rtol=other.rtol, atol=1e-9, equal_nan=True
    )


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
        if mine.shape != right.shape:
            failure.headline = f"{name} has the wrong shape: expected {right.shape}, got {mine.shape}"
            return self.fail(failure)
        if not np.isfinite(mine).all() and np.isfinite(right).all():
            failure.headline = f"{name} is not finite"
            failure.difference = f"{np.count_nonzero(~np.isfinite(mine))} of {mine.size} values are nan or inf"
            return self.fail(failure)
        wide = np.complex128 if "c" in (mine.dtype.kind, right.dtype.kind) else np.float64
        off = np.abs(np.asarray(mine, wide) - np.asarray(right, wide))
        allowed = atol + rtol * np.abs(right)
        if not np.all((off <= allowed) | (mine == right)):
            at = np.unravel_index(np.argmax(np.where(np.isnan(off), np.inf, off - allowed)), off.shape)
            place = f" at [{', '.join(map(str, at))}]" if at else ""
            wrong = f"; {np.count_nonzero(off > allowed)} of {off.size} are off" if off.size > 1 else ""
            failure.headline = f"{name} gives other numbers than expected"
            failure.difference = f"{off[at]:.3g}{place}{wrong}; allowed: {atol:g} + {rtol:g} x |expected|"
            return self.fail(failure)
        return None

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

    @staticmethod
    def numeric_gradient(function: Callable[[], Any], x: np.ndarray, dy: Any = 1.0, *, h: float = 1e-6) -> np.ndarray:
        """Central differences of sum(dy * function()) with respect to the float64 array `x`, which is changed and put back."""
        gradient = np.zeros(x.shape)
        for index in np.ndindex(*x.shape):
            old = x[index]
            x[index] = old + h
            above = np.sum(dy * np.asarray(function()))
            x[index] = old - h
            below = np.sum(dy * np.asarray(function()))
            x[index] = old
            gradient[index] = (above - below) / (2 * h)
        return gradient

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
        note(self.called)
        return function

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
