"""`rungs check`: the learner's answer, checked in a process of its own with limits."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from rungs import progress
from rungs.catalogue.loading import all_exercises
from rungs.errors import Failed, RungsError
from rungs.exercise.display import here, new_console, show_verdict
from rungs.exercise.work import CapstoneWork, ExerciseWork, digest, find_work
from rungs.options import ExerciseName, Json

if TYPE_CHECKING:
    from rich.console import Console

    from rungs.checking.verdict import Verdict
    from rungs.sandbox.warm import WarmProcess

EXAMPLE = "rungs check 01.1        without a name: what you worked on last"


def check(
    name: ExerciseName = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Check again everything that is done, and say what no longer passes.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Check your answer, in a process of its own with limits."""
    if everything:
        if name is not None:
            raise RungsError(f"--all checks everything that is done: leave out {name}, or leave out --all")
        check_all(as_json=as_json)
        return
    work = find_work(name)
    if isinstance(work, CapstoneWork):
        verify_level(work, as_json=as_json)
        return
    console = new_console(as_json)
    if name is None:
        console.print(f"[dim]{work.name}, what you worked on last[/]")
    verdict = check_answer(work, console)
    if as_json:
        print(json.dumps(asdict(verdict), indent=2))
    else:
        show_verdict(console, verdict, work.exercise, progress.load())
    if not verdict.passed:
        raise typer.Exit(1)


def check_all(*, as_json: bool = False) -> None:
    """Check every exercise that is done. The record of what is done stays as it is.

    Raises:
        Failed: one of them no longer passes.
    """
    from rich.markup import escape

    from rungs.checking.checker import check_file
    from rungs.sandbox.warm import WarmProcess

    state = progress.load()
    done = [exercise for exercise in all_exercises() if state.is_done(exercise.id)]
    console = new_console(as_json)
    verdicts, broken = {}, []
    with WarmProcess() as warm:
        for exercise in done:
            work = ExerciseWork(exercise)
            with console.status(f"checking {exercise.alias} {exercise.title}"):
                verdict = check_file(exercise, work.file, warm=warm) if work.file.is_file() else None
            verdicts[exercise.alias] = verdict and asdict(verdict)
            if verdict is not None and verdict.passed:
                console.print(f"  [green]passes[/]     [cyan]{exercise.alias:<6}[/] {exercise.title}")
            else:
                broken.append(exercise.alias)
                why = _why(verdict) if verdict else f"{here(work.file)} is not there"
                console.print(f"  [red]no longer[/]  [cyan]{exercise.alias:<6}[/] {exercise.title}")
                console.print(f"             {escape(why)}", soft_wrap=True)
    if as_json:
        print(json.dumps({"ok": not broken, "exercises": verdicts}, indent=2))
    elif not done:
        console.print("  No exercise is done yet; [cyan]rungs watch[/] begins the course.")
    if broken:
        raise Failed(f"{len(broken)} of {len(done)} no longer pass: {', '.join(broken)}")


def _why(verdict: Verdict) -> str:
    return verdict.failure.headline if verdict.failure is not None else verdict.status


def verify_level(work: CapstoneWork, *, as_json: bool = False) -> None:
    """What is checked of a whole level: every proof, with the learner's files in the place of ours."""
    from rungs.running.verify import verify

    verify([work.chapter.id], mine=True, level=work.level, as_json=as_json)


def check_answer(work: ExerciseWork, console: Console, warm: WarmProcess | None = None) -> Verdict:
    """Run the checker, in a copy of `warm` where the exercise needs torch, and record the outcome."""
    from rungs.checking.checker import check_file

    if not work.file.is_file():
        raise RungsError(f"{here(work.file)} is not there; `rungs start {work.name}` writes it")
    with console.status(f"checking {here(work.file)}"):
        verdict = check_file(work.exercise, work.file, warm=warm)
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
