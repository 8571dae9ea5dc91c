"""`rungs solution`: the right answer, how the learner's differs from it, and why it is right."""

from __future__ import annotations

from typing import Annotated

import typer

from rungs import progress
from rungs.exercise.display import new_console, show_markdown, show_solution
from rungs.exercise.work import find_work
from rungs.options import ExerciseName

EXAMPLE = "rungs solution 01.1"


def solution(
    name: ExerciseName = None, yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask first.")] = False
) -> None:
    """Show the solution, how your file differs from it, and why it is right. Asks first."""
    work = find_work(name)
    console = new_console()
    if not progress.load().is_done(work.id) and not yes:
        typer.confirm(f"Show the solution of {work.title}? It is recorded that you saw it", abort=True)
    with progress.change() as state:
        entry = state.entry(work.id)
        entry.touched = progress.now()
        entry.solution = entry.solution or entry.touched
    for mine, right in work.solutions.items():
        show_solution(console, mine, right)
    console.print()
    show_markdown(console, work.explanation)
