"""Every solution, changed in plausible ways: the checker must refuse each change, or exercise.toml allows it with a reason.

`python -m rungs.checking.mutation 01.1` tries all changes of an exercise and lists those that pass.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import math
import os
import random
import resource
import select
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from rungs.catalogue.exercise import Exercise
from rungs.catalogue.loading import all_exercises
from rungs.checking.changes import Change, source_changes
from rungs.checking.checker import library_imports, load_checks, run_source
from rungs.checking.disguises import LOOP
from rungs.checking.rules import asked
from rungs.checking.wrapping import spy
from utils.chapters import ROOT

SEED = "RUNGS_MUTATION_SEED"
"""Environment variable: chooses the changes that an ordinary test run tries."""
SAMPLE = 4
"""How many those are for each exercise."""
PATIENCE = 5.0
"""A changed solution may take this many times the solution's CPU time, and `GRACE` seconds more; then it counts as refused."""
GRACE = 3.0
WAIT = 20.0
"""How many seconds of waiting a second of CPU time may take, on a busy machine or asleep."""


RECEIPT = ROOT / "docs" / "exercise_mutations.json"


@dataclass
class Tally:
    """What became of the changes of one exercise."""

    exercise: str
    tried: int = 0
    refused: int = 0
    allowed: dict[str, str] = field(default_factory=dict)  # change -> reason
    passed: list[str] = field(default_factory=list)  # neither refused nor allowed
    needless: list[str] = field(default_factory=list)  # allowances that no passing change needs
    late: list[str] = field(default_factory=list)  # refused for nothing but their time


# ---- in a copy of this process ----


def forked(function: Callable[[], Any], seconds: float) -> Any:
    """What the function returns, as JSON, in a copy of this process; None where it fails or ends it.

    Raises:
        TimeoutError: it takes more CPU time than that, or waits `WAIT` times as long.
    """
    read, write = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        try:
            os.close(read)
            resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(seconds), resource.RLIM_INFINITY))
            quiet = os.open(os.devnull, os.O_WRONLY)
            os.dup2(quiet, 1)
            os.dup2(quiet, 2)
            answer = json.dumps(function()).encode()
            while answer:
                answer = answer[os.write(write, answer) :]
        finally:
            os._exit(0)
    os.close(write)
    data, end = b"", time.monotonic() + WAIT * seconds
    try:
        while select.select([read], [], [], max(0.0, end - time.monotonic()))[0]:
            piece = os.read(read, 65536)
            if not piece:
                break
            data += piece
    finally:
        os.close(read)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL) and not data:
        raise TimeoutError
    try:
        return json.loads(data)
    except ValueError:
        return None


# ---- what is tried ----


def _spied(exercise: Exercise) -> dict[str, Any]:
    """The disguises that have a chance in a check of the solution, its time when spied on, and the modules that it loads."""
    chances: dict[tuple[str, str, str], None] = {}
    known = set(sys.modules)
    ending = "\nimport rungs.checking.mutation as _mutation\n_mutation.LISTENERS[-1](globals())\n"

    def listen(module: dict[str, Any]) -> None:
        spy(module, asked(exercise), lambda *chance: chances.setdefault(chance))

    LISTENERS.append(listen)
    path = exercise.path / "solution.py"
    begin = time.process_time()
    passed = run_source(exercise, exercise.solution + ending, path).passed
    seconds = time.process_time() - begin
    return {
        "passed": passed or run_source(exercise, exercise.solution, path).passed,  # some checks refuse to be spied on
        "seconds": seconds,
        "chances": list(chances),
        "modules": sorted(set(sys.modules) - known),
    }


LISTENERS: list[Callable[[dict[str, Any]], None]] = []
"""What a spied solution calls with its names."""


def _disguised(exercise: Exercise, chances: list[list[str]]) -> list[Change]:
    """A changed solution for every disguise that has a chance."""
    forbids_loops = "no loop" in exercise.task.lower()
    found, fixed = [], set()
    for kind, name, detail in chances:
        if kind == "loop" and not forbids_loops:
            continue
        if kind == "constant":  # its first value is enough
            if (parameter := (name, detail.partition("=")[0])) in fixed:
                continue
            fixed.add(parameter)
        ending = (
            f"\nfrom rungs.checking.wrapping import disguise\n\ndisguise(globals(), {kind!r}, {name!r}, {detail!r})\n"
        )
        if kind == "loop":
            ending = LOOP + ending
        found.append(Change(f"{kind} in {name}" + (f": {detail}" if detail else ""), exercise.solution + ending))
    return found


def all_changes(exercise: Exercise) -> tuple[list[Change], float]:
    """Every changed solution of an exercise, and the CPU time that a check of the solution takes.

    Loads what the solution and the checker need into this process, so that its copies begin with it.

    Raises:
        RuntimeError: the solution does not pass.
    """
    exec(library_imports(exercise), {})
    load_checks(exercise)
    spied = forked(lambda: _spied(exercise), seconds=300.0)
    if spied is None or not spied["passed"]:
        raise RuntimeError(f"{exercise.alias}: the solution does not pass")
    for name in spied["modules"]:
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    changes = _disguised(exercise, spied["chances"]) + source_changes(exercise.solution, asked(exercise))
    return changes, spied["seconds"]


def _allowing(exercise: Exercise, name: str) -> str:
    """The key of `allowed` that a change falls under; "" where there is none."""
    whole, kind = name, name.split(" in ")[0]
    return next((key for key in (whole, whole.split(": ")[0], kind) if key in exercise.allowed), "")


def try_changes(exercise: Exercise, changes: list[Change], seconds: float) -> Tally:
    """Check each changed solution in a copy of this process."""
    tally = Tally(exercise.alias, tried=len(changes))
    path = exercise.path / "solution.py"
    used = set()
    for change in changes:

        def status(source: str = change.source) -> str:
            return run_source(exercise, source, path, explain=False, first=True).status

        try:
            passed = forked(status, GRACE + PATIENCE * seconds) == "passed"
        except TimeoutError:
            passed = False
            tally.late.append(change.name)
        if not passed:
            tally.refused += 1
        elif key := _allowing(exercise, change.name):
            tally.allowed[change.name] = exercise.allowed[key]
            used.add(key)
        else:
            tally.passed.append(change.name)
    tally.needless = [key for key in exercise.allowed if key not in used]
    return tally


def try_all(exercise: Exercise) -> Tally:
    """Try every change of an exercise."""
    return try_changes(exercise, *all_changes(exercise))


def try_sample(exercise: Exercise, seed: int) -> Tally:
    """Try a few changes, chosen by the seed and the exercise's id."""
    changes, seconds = all_changes(exercise)
    chosen = random.Random(f"{seed} {exercise.id}").sample(changes, min(SAMPLE, len(changes)))
    return try_changes(exercise, chosen, seconds)


def receipt() -> dict[str, dict[str, Any]]:
    """The last outcome of every exercise, by its id; empty where there is none."""
    return json.loads(RECEIPT.read_text(encoding="utf-8")) if RECEIPT.exists() else {}


def write_receipt(exercise: Exercise, tally: Tally) -> None:
    """Put one outcome into the receipt, in the order of the curriculum."""
    found = receipt() | {exercise.id: asdict(tally)}
    order = [other.id for other in all_exercises()]
    kept = {name: found[name] for name in order if name in found}
    RECEIPT.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def main() -> None:
    """`python -m rungs.checking.mutation [--write] [NAME ...]`: what an exercise's author runs; without names, all."""
    wanted = set(sys.argv[1:]) - {"--write"}
    wrong = 0
    for exercise in all_exercises():
        if wanted and not wanted & {exercise.id, exercise.alias, exercise.chapter.id}:
            continue
        begin = time.monotonic()
        tally = try_all(exercise)
        wrong += len(tally.passed) + len(tally.needless)
        if "--write" in sys.argv:
            write_receipt(exercise, tally)
        print(
            f"{exercise.alias:6} {exercise.id:28} {tally.tried:4} tried, {tally.refused:4} refused, "
            f"{len(tally.allowed):3} allowed, {len(tally.passed):3} passed  {time.monotonic() - begin:6.1f} s",
            flush=True,
        )
        for name in tally.passed:
            print(f"     passes: {name}")
        for name in tally.late:
            print(f"     refused for its time alone: {name}")
        for name in tally.needless:
            print(f"     allowed for nothing: {name}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    from rungs.checking import mutation

    mutation.main()
