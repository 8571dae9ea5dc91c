"""`rungs hint`: three hints, one at a time. What the last check found likely stands in its report, and is not repeated."""

from __future__ import annotations

from typing import Annotated

import typer

from rungs import progress
from rungs.errors import RungsError
from rungs.exercise.display import new_console, show_markdown
from rungs.exercise.work import CapstoneWork, find_work
from rungs.options import ExerciseName

EXAMPLE = "rungs hint 01.1"


def hint(
    name: ExerciseName = None,
    again: Annotated[bool, typer.Option("--again", help="Show the hints that you have seen.")] = False,
) -> None:
    """The next of three hints."""
    work = find_work(name)
    if isinstance(work, CapstoneWork):
        raise RungsError(
            f"a whole level has no hints of its own: `rungs verify {work.chapter.id} --mine --level {work.level} --trace` "
            f"names the first tensor that is off, and {work.chapter.folder}/theory.md derives it"
        )
    exercise = work.exercise
    console = new_console()
    if again:
        seen = progress.load().entry(work.id).hints
        for number in range(seen):
            console.print(f"[bold]Hint {number + 1} of 3[/]")
            show_markdown(console, exercise.hints[number])
        if not seen:
            console.print(f"You have seen no hint of {work.name} yet; `rungs hint {work.name}` gives the first.")
        return
    with progress.change() as state:
        entry = state.entry(work.id)
        if not entry.started:
            raise RungsError(f"{work.name} is not begun; `rungs start {work.name}` first, and try it without a hint")
        entry.touched = progress.now()
        if entry.hints < 3:
            entry.hints += 1
            heading, text = f"Hint {entry.hints} of 3", exercise.hints[entry.hints - 1]
        else:
            heading = "All three hints are used"
            text = "`--again` shows them; `rungs solution` shows and explains the answer."
    console.print(f"[bold]{heading}[/]\n")
    show_markdown(console, text)
