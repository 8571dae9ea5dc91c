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
import sys
import traceback
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from rungs.catalogue.exercise import Exercise, Misconception
from rungs.catalogue.loading import find_exercise
from rungs.checking.tester import Observation, StopPart, Tester, same_behaviour
from rungs.checking.verdict import Failure, Part, Verdict
from rungs.sandbox.child import is_ctrl_c, note
from rungs.sandbox.tracebacks import line_in_trace, line_of_error, message

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


def _load_checks(exercise: Exercise) -> list[Check]:
    """The parts of check.py in the order of the file."""
    path = exercise.check
    source = path.read_text(encoding="utf-8")
    module = _execute(source, path)
    checks = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("check_"):
            title = (ast.get_docstring(node) or node.name).splitlines()[0].rstrip(".")
            checks.append(Check(node.name, title, getattr(module, node.name)))
    if not checks:
        raise ValueError(f"{path} has no function check_...(t)")
    return checks


def _run_check(check: Check, module: ModuleType, path: Path) -> Tester:
    t = Tester(module, path, check.name)
    try:
        check.function(t)
    except StopPart:
        pass
    except BaseException as error:
        if is_ctrl_c(error):
            raise
        # After a failure the checker may stumble over what it was given. Before one, the learner returned something unusable,
        # or the checker is wrong; a solution that passes rules out the latter.
        t.observe("unusable", type(error).__name__)
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = line_of_error(error, path) or f"check.py, line {last.lineno}: {last.line}"
        headline = f"what came back cannot be used: {type(error).__name__}: {message(error)}"
        t.fail(Failure(headline, t.called, where=where))
    return t


Records = dict[tuple[str, str], list[Observation] | None]
"""Part, mistake -> what the mistake gave back there; None where it passes."""


def run_source(
    exercise: Exercise, source: str, path: Path, *, explain: bool = True, records: Records | None = None
) -> Verdict:
    """Check `source` in this process.

    Args:
        path: where `source` came from.
        explain: look for the misconception after a failure.
        records: of the mistakes that earlier calls for this exercise have tried; grows by those that this call tries.
    """
    checks = _load_checks(exercise)
    note("importing your file")
    try:
        module = _execute(source, path)
    except BaseException as error:
        if is_ctrl_c(error):
            raise
        return _not_imported(exercise, error, path)
    verdict = Verdict(exercise.id, "passed")
    failing: tuple[Check, list[Observation]] | None = None
    for check in checks:
        t = _run_check(check, module, path)
        status = t.failure.status if t.failure else "passed"
        verdict.parts.append(Part(check.name, check.title, status, t.failure))
        if t.failure and failing is None:
            failing = check, t.record
            verdict.failure, verdict.status = t.failure, status
    if explain and failing is not None and verdict.status == "failed":
        note("looking for the misconception")
        mistake = _recognised(exercise, *failing, {} if records is None else records)
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


def _recognised(exercise: Exercise, check: Check, record: list[Observation], records: Records) -> Misconception | None:
    """The planted mistake that fails this part and behaves as the learner's code did."""
    for mistake in exercise.misconceptions():
        tried = check.name, mistake.name
        if tried not in records:
            records[tried] = _record(mistake, check)
        if (theirs := records[tried]) is not None and same_behaviour(record, theirs):
            return mistake
    return None


def _record(mistake: Misconception, check: Check) -> list[Observation] | None:
    """What a planted mistake gives back in a part that it fails."""
    # What the mistakes print must not stand among the learner's output.
    with contextlib.suppress(Exception), contextlib.redirect_stdout(io.StringIO()):
        t = _run_check(check, _execute(mistake.source, mistake.path), mistake.path)
        return t.record if t.failure is not None else None
    return None


# ---- in a process of its own ----


def check_in_child(exercise: str, path: str) -> dict[str, Any]:
    """Check a file in this process; what `rungs.sandbox.process` runs."""
    file = Path(path)
    sys.path.append(str(file.parent))  # a helper module beside the answer; last, so that it hides nothing
    found = find_exercise(exercise)
    try:
        source = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        return asdict(Verdict(found.id, "broken", failure=Failure(f"your file is not UTF-8 text: {error}")))
    return asdict(run_source(found, source, file))


def check_file(exercise: Exercise, path: Path) -> Verdict:
    """Check a learner's file in a limited process of its own.

    Raises:
        FileNotFoundError: there is no such file.
        OSError: it cannot be read.
        SandboxError: the checker itself is at fault.
    """
    from rungs.sandbox.process import run_limited

    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there; `rungs start {exercise.alias}` writes it")
    path.open("rb").close()  # one that cannot be read is told here, and is no fault of the checker
    outcome = run_limited(
        "rungs.checking.checker:check_in_child",
        {"exercise": exercise.id, "path": str(path)},
        seconds=exercise.seconds,
        memory_mb=exercise.memory_mb,
        folder=path.parent,
    )
    if outcome.ending == "finished":
        verdict = Verdict.from_dict(outcome.result)
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
