"""What a `check.py` works with, and how a learner's file is checked.

A checker is a file of functions `check_<what>(t)`, each a *part* with a one-line docstring; `t` is a `Tester`.
Parts run in the order of the file, each with a generator of its own, so that the same inputs come whatever happened
before. Whatever the learner's code gives back is recorded. When a part fails, the planted mistakes go through the
same part, and the one whose record equals the learner's is the likely misconception.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import copy
import inspect
import itertools
import sys
import traceback
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from rungs.exercises import Exercise, find_exercise
from rungs.sandbox_child import note

_counter = itertools.count()


class StopPart(BaseException):
    """Ends a part that cannot go on. Not an Exception, so that a checker's own `except` lets it pass."""


@dataclass
class Failure:
    """The first thing that went wrong in a part. Empty fields are not shown."""

    headline: str  # "ridge_gradient gives other numbers than expected"
    called: str = ""  # "ridge_gradient(X (7, 3), y (7,), w (3,), alpha=0.7)"
    what: str = ""  # which result, where a call has several
    expected: str = ""
    got: str = ""
    difference: str = ""  # the largest one, where it is, and what was allowed
    where: str = ""  # "line 12: return X @ w"
    why: str = ""  # the checker's own remark
    written: bool = True  # False: not written yet


@dataclass
class Part:
    name: str  # "check_gradient"
    title: str  # the first line of its docstring
    status: str = "passed"  # "failed", "not written"
    failure: Failure | None = None


@dataclass
class Verdict:
    """The outcome of a check. `status`: passed, failed, not written, broken (does not even import), stopped (limits)."""

    exercise: str
    status: str
    parts: list[Part] = field(default_factory=list)
    failure: Failure | None = None  # of the first part that did not pass
    mistake: str = ""  # the planted mistake that the answer behaves like
    explanation: str = ""  # its explanation
    output: str = ""  # what the learner's file printed
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        return self.status == "passed"


def _array(value: Any) -> np.ndarray:
    """A NumPy array from an array, tensor, number or list."""
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    return np.asarray(value)


def describe(value: Any) -> str:
    """A value in one or a few lines, an array with its shape and dtype."""
    if value is None or isinstance(value, (str, bool)):
        return repr(value)
    with contextlib.suppress(Exception):
        array = _array(value)
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


def _call_text(label: str, function: Callable, args: tuple, kwargs: dict) -> str:
    names: list[str] = []
    with contextlib.suppress(TypeError, ValueError):
        names = [
            name
            for name, p in inspect.signature(function).parameters.items()
            if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        ]
    parts = [_argument(name, value) for name, value in itertools.zip_longest(names[: len(args)], args, fillvalue="")]
    parts += [_argument(name, value) for name, value in kwargs.items()]
    return f"{label}({', '.join(parts)})"


def _snapshot(value: Any) -> Any:
    """A copy of the arrays in `value`, to see later whether they were changed in place."""
    if isinstance(value, np.ndarray):
        return value.copy()
    if hasattr(value, "detach"):
        return value.detach().clone()
    if isinstance(value, (list, tuple)):
        return [_snapshot(item) for item in value]
    if isinstance(value, dict):
        return {key: _snapshot(item) for key, item in value.items()}
    return None


def _changed(value: Any, before: Any) -> bool:
    if isinstance(before, list):
        return len(value) != len(before) or any(_changed(a, b) for a, b in zip(value, before, strict=True))
    if isinstance(before, dict):
        return value.keys() != before.keys() or any(_changed(value[key], before[key]) for key in before)
    return before is not None and not np.array_equal(
        _array(value), _array(before), equal_nan=_array(before).dtype.kind in "fc"
    )


class Tester:
    """What a checker calls `t`: it calls the learner's code, compares, and records.

    The first failure of a part is the one that is shown. A part goes on after it where it can, to record how the
    answer behaves.
    """

    __test__ = False  # pytest takes it for a test class otherwise

    def __init__(self, module: ModuleType, path: Path, part: str) -> None:
        self.module = module
        self.path = path
        self.rng = np.random.default_rng(zlib.crc32(part.encode()))
        self.failure: Failure | None = None
        self.record: list[
            tuple[str, Any, float]
        ] = []  # kind, what came, relative tolerance when two records are compared
        self.called = ""

    def get(self, name: str) -> Any:
        """The thing called `name` in the learner's file; the part ends when there is none."""
        if not hasattr(self.module, name):
            self._fail(
                Failure(f"{name} is not there", why=f"The checker looks for {name} in your file.", written=False)
            )
            raise StopPart
        return getattr(self.module, name)

    def call(self, target: str | Callable, *args: Any, mutates: bool = False, **kwargs: Any) -> Any:
        """Call a function or class of the learner's file (by name), or anything callable that came out of one.

        The part ends when it raises. It fails when an array among the arguments was changed in place, unless `mutates`.
        """
        function = self._begin(target, args, kwargs)
        before = None if mutates else _snapshot([args, kwargs])
        try:
            value = function(*args, **kwargs)
        except BaseException as error:
            self._raised(error)
            raise StopPart from None
        if before is not None:
            names = self._names(function, args) + list(kwargs)
            for name, value_now, value_before in zip(
                names, [*args, *kwargs.values()], [*before[0], *before[1].values()], strict=True
            ):
                if value_before is not None and _changed(value_now, value_before):
                    self.record.append(("in place", name, 0.0))
                    why = "Write to a new array: the caller still needs the old values."
                    self._fail(Failure(f"{name} was changed in place", called=self.called, why=why))
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
            self.record.append(("message", says.lower() in str(caught).lower(), 0.0))
            if says.lower() not in str(caught).lower():
                got = f"{type(caught).__name__}: {caught}"
                self._fail(
                    Failure("the error message does not say enough", called=self.called, expected=expected, got=got)
                )
        except BaseException as caught:
            self._raised(caught, expected)
        else:
            self.record.append(("no error", None, 0.0))
            self._fail(Failure(f"no {error.__name__}", called=self.called, expected=expected, got=describe(value)))

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
        failure = Failure("", called or self.called, what, describe(expected), describe(got), why=why)
        name = what or (called or self.called).split("(")[0] or "the result"
        if got is None:
            failure.headline, failure.written = f"{name} is None: not written yet, or is a return missing?", False
            self.record.append(("none", None, 0.0))
            return self._fail(failure)
        try:
            mine, right = _array(got), _array(expected)
            if mine.dtype.kind not in "biufc":
                raise TypeError
        except Exception:
            failure.headline = f"{name} should be numbers, and is a {type(got).__name__}"
            self.record.append(("type", type(got).__name__, 0.0))
            return self._fail(failure)
        self.record.append(("value", mine.copy(), max(1e-6, 10 * rtol)))
        if mine.shape != right.shape:
            failure.headline = f"{name} has the wrong shape: expected {right.shape}, got {mine.shape}"
            return self._fail(failure)
        if not np.isfinite(mine).all() and np.isfinite(right).all():
            failure.headline = f"{name} is not finite"
            failure.difference = f"{np.count_nonzero(~np.isfinite(mine))} of {mine.size} values are nan or inf"
            return self._fail(failure)
        off = (
            np.abs(np.asarray(mine, np.float64) - np.asarray(right, np.float64))
            if mine.dtype.kind != "c"
            else np.abs(mine - right)
        )
        allowed = atol + rtol * np.abs(right)
        if mine.size and not np.all((off <= allowed) | (mine == right)):
            at = np.unravel_index(np.argmax(np.where(np.isnan(off), np.inf, off - allowed)), off.shape)
            place = f" at [{', '.join(map(str, at))}]" if at else ""
            wrong = f"; {np.count_nonzero(off > allowed)} of {off.size} are off" if off.size > 1 else ""
            failure.headline = f"{name} gives other numbers than expected"
            failure.difference = f"{off[at]:.3g}{place}{wrong}; allowed: {atol:g} + {rtol:g} x |expected|"
            self._fail(failure)
        return None

    def between(self, got: Any, low: float, high: float, *, what: str = "", why: str = "", match: float = 0.05) -> None:
        """A measured number must lie in [low, high]. `match`: relative tolerance within which a mistake counts as the same."""
        name = what or self.called.split("(")[0] or "the result"
        failure = Failure("", self.called, what, f"between {low:g} and {high:g}", describe(got), why=why)
        try:
            value = float(_array(got))
        except (TypeError, ValueError):
            failure.headline = f"{name} should be one number"
            failure.written = got is not None
            self.record.append(("type", type(got).__name__, 0.0))
            return self._fail(failure)
        self.record.append(("value", np.asarray(value), match))
        if not low <= value <= high:
            failure.headline = f"{name} is outside the range that a right experiment gives"
            self._fail(failure)
        return None

    def require(
        self, ok: Any, headline: str, *, expected: str = "", got: Any = "", why: str = "", what: str = ""
    ) -> None:
        """A property with no number to compare. `headline` says what is wrong when it does not hold."""
        self.record.append(("holds", bool(ok), 0.0))
        if not ok:
            self._fail(
                Failure(headline, self.called, what, expected, got if isinstance(got, str) else describe(got), why=why)
            )

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

    def _names(self, function: Callable, args: tuple) -> list[str]:
        names: list[str] = []
        with contextlib.suppress(TypeError, ValueError):
            names = list(inspect.signature(function).parameters)
        return (names + [f"argument {i + 1}" for i in range(len(names), len(args))])[: len(args)]

    def _begin(self, target: str | Callable, args: tuple, kwargs: dict) -> Callable:
        function = self.get(target) if isinstance(target, str) else target
        label = target if isinstance(target, str) else getattr(target, "__qualname__", type(target).__name__)
        try:
            self.called = _call_text(label, function, args, kwargs)
        except Exception:
            self.called = f"{label}(...)"
        note(self.called)
        return function

    def _fail(self, failure: Failure) -> None:
        if self.failure is None:
            self.failure = failure

    def _raised(self, error: BaseException, expected: str = "") -> None:
        self.record.append(("raised", type(error).__name__, 0.0))
        where = _where(error, self.path)
        if isinstance(error, KeyboardInterrupt):
            raise error
        if isinstance(error, NotImplementedError):
            text = str(error) or self.called.split("(")[0]
            return self._fail(Failure(f"not written yet: {text}", where=where, written=False))
        if isinstance(error, SystemExit):
            return self._fail(
                Failure("your code called exit()", self.called, where=where, why="Return a value instead.")
            )
        if isinstance(error, MemoryError):
            return self._fail(Failure("your code asked for more memory than a check may use", self.called, where=where))
        if isinstance(error, RecursionError):
            return self._fail(Failure("your code calls itself without end", self.called, where=where))
        text = str(error).splitlines()[0] if str(error) else ""
        return self._fail(
            Failure(f"your code raised {type(error).__name__}: {text}", self.called, expected=expected, where=where)
        )


def _where(error: BaseException, path: Path) -> str:
    """The last line of the learner's file that the error passed through."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename == str(path):
            return f"line {frame.lineno}: {frame.line}" if frame.line else f"line {frame.lineno}"
    return ""


def load_answer(source: str, path: Path) -> ModuleType:
    """Execute a learner's file as a module of its own."""
    name = f"answer_{next(_counter)}"
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module
    exec(compile(source, str(path), "exec"), module.__dict__)
    return module


def _load_checks(exercise: Exercise) -> list[tuple[str, str, Callable[[Tester], None]]]:
    """The parts of check.py in the order of the file: name, title, function."""
    path = exercise.check
    source = path.read_text(encoding="utf-8")
    module = ModuleType(f"check_{exercise.id}")
    module.__file__ = str(path)
    exec(compile(source, str(path), "exec"), module.__dict__)
    parts = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("check_"):
            title = (ast.get_docstring(node) or node.name).splitlines()[0].rstrip(".")
            parts.append((node.name, title, getattr(module, node.name)))
    if not parts:
        raise ValueError(f"{path} has no function check_...(t)")
    return parts


def _run_part(name: str, function: Callable[[Tester], None], module: ModuleType, path: Path) -> Tester:
    t = Tester(module, path, name)
    try:
        function(t)
    except StopPart:
        pass
    except Exception as error:
        # After a failure the checker may stumble over what it was given. Before one, the learner returned something unusable,
        # or the checker is wrong; a solution that passes rules out the latter.
        t.record.append(("unusable", type(error).__name__, 0.0))
        last = traceback.extract_tb(error.__traceback__)[-1]
        headline = f"what came back cannot be used: {type(error).__name__}: {error}"
        t._fail(Failure(headline, t.called, where=_where(error, path) or f"check.py, line {last.lineno}: {last.line}"))
    return t


def _same(mine: list[tuple[str, Any, float]], other: list[tuple[str, Any, float]]) -> bool:
    """Whether two records show the same behaviour."""
    if len(mine) != len(other):
        return False
    for (kind, value, _), (other_kind, other_value, rtol) in zip(mine, other, strict=True):
        if kind != other_kind:
            return False
        if kind != "value":
            if value != other_value:
                return False
        elif value.shape != other_value.shape or not np.allclose(
            value, other_value, rtol=rtol, atol=1e-9, equal_nan=True
        ):
            return False
    return True


def run_source(exercise: Exercise, source: str, path: Path, *, explain: bool = True) -> Verdict:
    """Check `source` in this process. `path` is where it came from; `explain` looks for the misconception after a failure."""
    verdict = Verdict(exercise.id, "passed")
    checks = _load_checks(exercise)
    note("importing your file")
    try:
        module = load_answer(source, path)
    except SyntaxError as error:
        caret = " " * max(0, (error.offset or 1) - 1) + "^"
        where = f"line {error.lineno}: {(error.text or '').rstrip()}" if error.lineno else ""
        verdict.status = "broken"
        verdict.failure = Failure(
            f"your file is not valid Python: {error.msg}", where=where, why="" if not error.text else caret
        )
        verdict.failure.why = f"Python stumbled at column {error.offset}." if error.offset else ""
        return verdict
    except (KeyboardInterrupt, StopPart):
        raise
    except BaseException as error:
        text = "it called exit()" if isinstance(error, SystemExit) else f"{type(error).__name__}: {error}"
        verdict.status = "not written" if isinstance(error, NotImplementedError) else "broken"
        verdict.failure = Failure(f"your file cannot be imported: {text}", where=_where(error, path))
        return verdict
    failing: tuple[str, Callable[[Tester], None], Tester] | None = None
    for name, title, function in checks:
        t = _run_part(name, function, module, path)
        part = Part(name, title)
        if t.failure is not None:
            part.status = "failed" if t.failure.written else "not written"
            part.failure = t.failure
            failing = failing or (name, function, t)
        verdict.parts.append(part)
    if failing is None:
        return verdict
    name, function, t = failing
    assert t.failure is not None
    verdict.failure = t.failure
    verdict.status = "failed" if t.failure.written else "not written"
    if explain and t.failure.written:
        note("looking for the misconception")
        for mistake in exercise.misconceptions():
            with contextlib.suppress(Exception), _silent():
                other = _run_part(name, function, load_answer(mistake.source, mistake.path), mistake.path)
                if other.failure is not None and _same(t.record, other.record):
                    verdict.mistake, verdict.explanation = mistake.name, mistake.text
                    break
    return verdict


@contextlib.contextmanager
def _silent():
    """The planted mistakes do not print among the learner's output."""
    saved = builtins.print
    builtins.print = lambda *args, **kwargs: None
    try:
        yield
    finally:
        builtins.print = saved


def check_in_child(exercise: str, path: str) -> dict:
    """Check a file in this process; what `rungs.sandbox` runs."""
    file = Path(path)
    sys.path.append(str(file.parent))  # a helper module beside the answer; last, so that it hides nothing
    found = find_exercise(exercise)
    try:
        source = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        return asdict(Verdict(found.id, "broken", failure=Failure(f"your file is not UTF-8 text: {error}")))
    return asdict(run_source(found, source, file))


def verdict_from(data: dict) -> Verdict:
    """A `Verdict` from its JSON form."""
    data = copy.deepcopy(data)
    data["parts"] = [
        Part(**{**part, "failure": Failure(**part["failure"]) if part["failure"] else None}) for part in data["parts"]
    ]
    data["failure"] = Failure(**data["failure"]) if data["failure"] else None
    return Verdict(**data)


def check_file(exercise: Exercise, path: Path) -> Verdict:
    """Check a learner's file in a limited process of its own.

    Raises:
        FileNotFoundError: there is no such file.
        SandboxError: the checker itself is at fault.
    """
    from rungs.sandbox import run_limited

    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there; `rungs start {exercise.alias}` writes it")
    arguments = {"exercise": exercise.id, "path": str(path)}
    outcome = run_limited(
        "rungs.checking:check_in_child",
        arguments,
        seconds=exercise.seconds,
        memory_mb=exercise.memory_mb,
        folder=path.parent,
    )
    if outcome.ending == "finished":
        verdict = verdict_from(outcome.result)
    else:
        headline, why = {
            "timeout": (f"your code did not come back within {exercise.seconds} s", "Is there a loop that never ends?"),
            "memory": (f"your code needed more than {exercise.memory_mb} MB", ""),
            "flooded": (
                "your code printed more than 16 MB, and was stopped",
                "Is there a print in a loop that never ends?",
            ),
            "crashed": (f"your code crashed the Python process ({outcome.signal})", ""),
            "exited": (
                f"your code ended the process (exit status {outcome.code})",
                "Return a value instead of leaving with os._exit().",
            ),
        }[outcome.ending]
        failure = Failure(headline, called=outcome.note, where=line_in_trace(outcome.trace, path), why=why)
        verdict = Verdict(exercise.id, "stopped", failure=failure)
    verdict.output = outcome.output
    verdict.seconds = outcome.seconds
    return verdict


def line_in_trace(trace: str, path: Path) -> str:
    """The line of the learner's file in what `faulthandler` wrote, innermost first."""
    for line in trace.splitlines():
        if f'"{path}"' in line:
            number = int(line.split(", line ")[1].split(" ")[0])
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            text = lines[number - 1].strip() if number <= len(lines) else ""
            return f"line {number}: {text}"
    return ""
