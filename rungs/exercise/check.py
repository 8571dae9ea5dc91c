"""`rungs check`: the learner's answer, checked in a process of its own with limits."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from rungs import progress
from rungs.errors import RungsError
from rungs.exercise.display import here, new_console, show_verdict
from rungs.exercise.work import CapstoneWork, ExerciseWork, digest, find_work
from rungs.options import ExerciseName, Json

if TYPE_CHECKING:
    from rich.console import Console

    from rungs.checking.verdict import Verdict

EXAMPLE = "rungs check 01.1        without a name: what you worked on last"


def check(name: ExerciseName = None, as_json: Json = False) -> None:
    """Check your answer, in a process of its own with limits."""
    work = find_work(name)
    if isinstance(work, CapstoneWork):
        verify_level(work, as_json=as_json)
        return
    console = new_console(as_json)
    verdict = check_answer(work, console)
    if as_json:
        print(json.dumps(asdict(verdict), indent=2))
    else:
        show_verdict(console, verdict, work.exercise, progress.load())
    if not verdict.passed:
        raise typer.Exit(1)


def verify_level(work: CapstoneWork, *, as_json: bool = False) -> None:
    """What is checked of a whole level: every proof, with the learner's files in the place of ours."""
    from rungs.running.verify import verify

    verify([work.chapter.id], mine=True, level=work.level, as_json=as_json)


def check_answer(work: ExerciseWork, console: Console) -> Verdict:
    """Run the checker and record the outcome."""
    from rungs.checking.checker import check_file

    if not work.file.is_file():
        raise RungsError(f"{here(work.file)} is not there; `rungs start {work.name}` writes it")
    with console.status(f"checking {here(work.file)}"):
        verdict = check_file(work.exercise, work.file)
    with progress.change() as state:
        entry = state.entry(work.id)
        entry.begin()
        entry.checks += 1
        entry.status, entry.mistake = verdict.status, verdict.mistake
        if verdict.passed:
            entry.passed = entry.passed or entry.touched
        stub = digest(work.exercise.stub)
        moved = bool(entry.stub) and stub not in (entry.stub, entry.told)
        if moved:
            entry.told = stub
    if moved:
        console.print(
            "[yellow]note[/]  this exercise has changed since you began it. Your file is as you left it; "
            f"`rungs reset {work.name}` gives the new one and keeps yours as a backup.\n"
        )
    return verdict
