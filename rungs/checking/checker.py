"""How a learner's file is checked.

A checker is a file of functions `check_<what>(t)`, each a *part* with a one-line docstring; `t` is a `Tester`.
Parts run in the order of the file, each with a generator of its own, so that the same inputs come whatever happened
before. Whatever the learner's code gives back is recorded. When a part fails, the planted mistakes go through the
same part, and the one whose record equals the learner's is the likely misconception.
"""

from __future__ import annotations

import ast
import contextlib
import io
import itertools
import secrets
import sys
import traceback
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from rungs.catalogue.exercise import Exercise, Misconception
from rungs.catalogue.loading import find_exercise
from rungs.checking import arrays, observation, tester, values
from rungs.checking.guard import Guard
from rungs.checking.observation import Observation, begins_alike, same, same_behaviour
from rungs.checking.tester import StopPart, Tester
from rungs.checking.verdict import Failure, Part, Verdict
from rungs.sandbox.child import is_ctrl_c, note
from rungs.sandbox.tracebacks import line_in_trace, line_of_error, message

if TYPE_CHECKING:
    from rungs.sandbox.warm import WarmProcess

_counter = itertools.count()


class Check(NamedTuple):
    """One part of a checker."""

    name: str  # "check_gradient"
    title: str  # the first line of its docstring
    function: Callable[[Tester], None]


def _execute(source: str, path: Path) -> ModuleType:
    """Execute a file as a module of its own."""
    module = ModuleType(f"{path.stem}_{next(_counter)}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module
    exec(compile(source, str(path), "exec"), module.__dict__)
    return module


def _titles(exercise: Exercise) -> dict[str, str]:
    """Part -> its title, in the order of check.py; without running it."""
    return {
        node.name: (ast.get_docstring(node) or node.name).splitlines()[0].rstrip(".")
        for node in ast.parse(exercise.check.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("check_")
    }


def load_checks(exercise: Exercise) -> list[Check]:
    """The parts of check.py in the order of the file."""
    path = exercise.check
    module = _execute(path.read_text(encoding="utf-8"), path)
    checks = [Check(name, title, getattr(module, name)) for name, title in _titles(exercise).items()]
    if not checks:
        raise ValueError(f"{path} has no function check_...(t)")
    return checks


def _guard(checks: list[Check]) -> Guard:
    """Of NumPy, torch where it is loaded, the tester and the checker's own functions."""
    names = ("numpy", "numpy.linalg", "numpy.random", "torch", "torch.linalg", "torch.nn.functional")
    modules = [sys.modules[name] for name in (*names, checks[0].function.__module__) if name in sys.modules]
    return Guard([*modules, tester, values, arrays, observation, Tester])


class _Candidate(Tester):
    """For a planted mistake: ends the part where it behaves otherwise than the learner's code did.

    Args:
        mine: what the learner's code did in this part.
    """

    def __init__(self, module: ModuleType, path: Path, part: str, mine: list[Observation]) -> None:
        super().__init__(module, path, part)
        self.mine, self.parted = mine, False

    def observe(self, kind: str, what: Any = None, *, rtol: float = 0.0) -> None:
        if self.parted:
            return
        super().observe(kind, what, rtol=rtol)
        place = len(self.record) - 1
        if place >= len(self.mine) or not same(self.mine[place], self.record[place]):
            self.parted = True
            raise StopPart


def _run_check(check: Check, t: Tester, path: Path, guard: Guard) -> None:
    try:
        check.function(t)
    except StopPart:
        pass
    except BaseException as error:
        if is_ctrl_c(error):
            raise
        # After a failure the checker may stumble over what it was given. Before one, the learner returned something unusable,
        # or the checker is wrong; a solution that passes rules out the latter.
        with contextlib.suppress(StopPart):
            t.observe("unusable", type(error).__name__)
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = line_of_error(error, path) or f"check.py, line {last.lineno}: {last.line}"
        headline = f"what came back cannot be used: {type(error).__name__}: {message(error)}"
        t.fail(Failure(headline, t.called, where=where))
    if replaced := guard.restore():
        t.failure = _replaced(replaced)


def _replaced(names: list[str]) -> Failure:
    return Failure(
        f"your code replaces {', '.join(names)}", why="The checker needs it as it was: use a name of your own."
    )


class Tried(NamedTuple):
    """A planted mistake in a part that a learner's code has failed."""

    record: list[Observation]
    parted: bool  # it was stopped where it behaved otherwise: the record has no more than that
    failed: bool


Records = dict[tuple[str, str], Tried]
"""Part, mistake -> what became of it there."""


def run_source(
    exercise: Exercise,
    source: str,
    path: Path,
    *,
    explain: bool = True,
    records: Records | None = None,
    first: bool = False,
) -> Verdict:
    """Check `source` in this process.

    Args:
        path: where `source` came from.
        explain: look for the misconception after a failure.
        records: of the mistakes that earlier calls for this exercise have tried; grows by those that this call tries.
        first: stop after the first part that does not pass.
    """
    checks = load_checks(exercise)
    guard = _guard(checks)
    note("importing your file")
    try:
        module = _execute(source, path)
    except BaseException as error:
        guard.restore()
        if is_ctrl_c(error):
            raise
        return _not_imported(exercise, error, path)
    if replaced := guard.restore():
        return Verdict(exercise.id, "broken", failure=_replaced(replaced))
    verdict = Verdict(exercise.id, "passed")
    failing: tuple[Check, list[Observation]] | None = None
    for check in checks:
        t = Tester(module, path, check.name)
        _run_check(check, t, path, guard)
        status = t.failure.status if t.failure else "passed"
        verdict.parts.append(Part(check.name, check.title, status, t.failure))
        if t.failure and failing is None:
            failing = check, t.record
            verdict.failure, verdict.status = t.failure, status
            if first:
                break
    if explain and failing is not None and verdict.status == "failed":
        note("looking for the misconception")
        mistake = _recognised(exercise, *failing, guard, {} if records is None else records)
        if mistake is not None:
            verdict.mistake, verdict.explanation = mistake.name, mistake.text
    return verdict


def _not_imported(exercise: Exercise, error: BaseException, path: Path) -> Verdict:
    """The verdict on a file that raised `error` while it was imported."""
    if isinstance(error, SyntaxError):
        where = f"line {error.lineno}: {(error.text or '').rstrip()}" if error.lineno else ""
        why = f"Python stumbled at column {error.offset}." if error.offset else ""
        failure = Failure(f"your file is not valid Python: {error.msg}", where=where, why=why)
    else:
        text = "it called exit()" if isinstance(error, SystemExit) else f"{type(error).__name__}: {message(error)}"
        failure = Failure(f"your file cannot be imported: {text}", where=line_of_error(error, path))
    status = "not written" if isinstance(error, NotImplementedError) else "broken"
    return Verdict(exercise.id, status, failure=failure)


def _recognised(
    exercise: Exercise, check: Check, record: list[Observation], guard: Guard, records: Records
) -> Misconception | None:
    """The planted mistake that fails this part and behaves as the learner's code did."""
    for mistake in exercise.misconceptions():
        place = check.name, mistake.name
        tried = records.get(place)
        if tried is None or (tried.parted and begins_alike(record, tried.record)):
            tried = records[place] = _try(mistake, check, guard, record)
        if tried.failed and not tried.parted and same_behaviour(record, tried.record):
            return mistake
    return None


def _try(mistake: Misconception, check: Check, guard: Guard, mine: list[Observation]) -> Tried:
    """A planted mistake in a part, for as long as it behaves as the learner's code did there."""
    # What the mistakes print must not stand among the learner's output.
    with contextlib.suppress(Exception), contextlib.redirect_stdout(io.StringIO()):
        t = _Candidate(_execute(mistake.source, mistake.path), mistake.path, check.name, mine)
        _run_check(check, t, mistake.path, guard)
        return Tried(t.record, t.parted, t.failure is not None)
    return Tried([], parted=False, failed=False)


# ---- in a process of its own ----


def check_in_child(exercise: str, path: str, token: str) -> dict[str, Any]:
    """Check a file in this process; what `rungs.sandbox.process` runs.

    Returns: the verdict, and the token, which the learner's code does not know
    """
    file = Path(path)
    sys.path.append(str(file.parent))  # a helper module beside the answer; last, so that it hides nothing
    found = find_exercise(exercise)
    try:
        source = file.read_text(encoding="utf-8-sig")  # some editors begin a file with a byte order mark
    except UnicodeDecodeError as error:
        verdict = Verdict(found.id, "broken", failure=Failure(f"your file is not UTF-8 text: {error}"))
    else:
        verdict = run_source(found, source, file, explain=not _untouched(found, source))
    return {"token": token, "verdict": asdict(verdict)}


def _untouched(exercise: Exercise, source: str) -> bool:
    """Whether it is a bug hunt as `rungs start` wrote it: the likely misconception would be the bug itself."""
    return exercise.kind == "bug-hunt" and source.split() == exercise.stub.read_text(encoding="utf-8").split()


def _told(exercise: Exercise, result: Any, token: str) -> Verdict:
    """The verdict that came out of the limited process, if it is the checker's own."""
    with contextlib.suppress(TypeError, KeyError, AttributeError, ValueError):
        verdict = Verdict.from_dict(result["verdict"])
        parts = {part.name: part.title for part in verdict.parts}
        complete = parts == _titles(exercise) and all(part.status == "passed" for part in verdict.parts)
        if result["token"] == token and verdict.exercise == exercise.id and (complete or not verdict.passed):
            return verdict
    failure = Failure(
        "the check ended without a verdict of the checker's", why="Does your code write answer.json, or exit?"
    )
    return Verdict(exercise.id, "stopped", failure=failure)


LIBRARIES = ("torch", "timm", "transformers")
"""Slow to load."""


def library_imports(exercise: Exercise) -> str:
    """The import statements by which a check loads libraries: what a warm process does before it is copied."""
    sources = [path.read_text(encoding="utf-8") for path in (exercise.check, exercise.stub)]
    found = []
    for node in ast.parse("\n".join(sources)).body:
        modules = [node.module] if isinstance(node, ast.ImportFrom) else [a.name for a in getattr(node, "names", ())]
        if any(module and module.partition(".")[0] in LIBRARIES for module in modules):
            found.append(ast.unparse(node))
    if any("torch.optim" in source for source in (*sources, exercise.solution)):
        found.append("import torch._dynamo")  # which the first optimizer loads, in seconds
    return "\n".join(found)


def check_file(exercise: Exercise, path: Path, *, warm: WarmProcess | None = None) -> Verdict:
    """Check a learner's file in a limited process of its own.

    Args:
        warm: copied for an exercise that needs torch, which then need not be loaded again.

    Raises:
        FileNotFoundError: there is no such file.
        OSError: it cannot be read.
        SandboxError: the checker itself is at fault.
    """
    from rungs.sandbox.process import run_limited

    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there; `rungs start {exercise.alias}` writes it")
    path.open("rb").close()  # one that cannot be read is told here, and is no fault of the checker
    token = secrets.token_hex()
    outcome = run_limited(
        "rungs.checking.checker:check_in_child",
        {"exercise": exercise.id, "path": str(path), "token": token},
        seconds=exercise.seconds,
        memory_mb=exercise.memory_mb,
        folder=path.parent,
        warm=warm if exercise.torch else None,
        imports=library_imports(exercise) if warm and exercise.torch else "",
    )
    if outcome.ending == "finished":
        verdict = _told(exercise, outcome.result, token)
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
