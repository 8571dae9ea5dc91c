"""The map: chapters in order, what each needs, which levels are there, how far the reader is, and the next step."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from rungs.catalogue.loading import all_exercises
from rungs.exercise.path import current
from rungs.progress import load as load_progress
from utils.chapters import LEVELS, all_chapters

if TYPE_CHECKING:
    from rich.table import Table


@dataclass(frozen=True)
class Progress:
    """Exercises done and there are, by chapter id, and what to do next."""

    done: dict[str, int]
    total: dict[str, int]
    next_step: str
    why: str


def read_progress() -> Progress:
    """The reader's progress, and the command to type next."""
    state = load_progress()
    done: dict[str, int] = {}
    total: dict[str, int] = {}
    for exercise in all_exercises():
        chapter = exercise.chapter.id
        total[chapter] = total.get(chapter, 0) + 1
        done[chapter] = done.get(chapter, 0) + state.is_done(exercise.id)
    if not state.started() or not total:
        return Progress(done, total, "rungs climb", "train chapter 01 at every level, side by side")
    following = current(state)
    if following is None:
        return Progress(done, total, "rungs verify all", "every exercise is done; see every proof")
    verb = "check" if state.is_started(following.id) else "start"
    return Progress(done, total, f"rungs {verb} {following.alias}", following.title)


def as_dict(progress: Progress) -> dict:
    """The map as plain data, for `rungs --json`."""
    return {
        "chapters": [
            {
                **asdict(chapter),
                "written": chapter.is_written,
                "levels": chapter.levels,
                "exercises": {"done": progress.done.get(chapter.id, 0), "total": progress.total.get(chapter.id, 0)},
            }
            for chapter in all_chapters()
        ],
        "next": {"command": progress.next_step, "why": progress.why},
    }


def show_map(*, as_json: bool = False) -> None:
    progress = read_progress()
    if as_json:
        print(json.dumps(as_dict(progress), indent=2))
        return
    from rich.console import Console

    console = Console(highlight=False)
    marks = ("■", "·") if console.encoding.lower().startswith("utf") else ("x", ".")
    console.print(map_table(progress, marks, narrow=console.width < 72))
    console.print(f"  {marks[0]} there  {marks[1]} planned   levels: " + ", ".join(LEVELS.values()), style="dim")
    console.print()
    console.print(f"  Next  [bold cyan]{progress.next_step}[/]  {progress.why}")
    console.print("  More  [cyan]rungs --help[/]", style="dim")


def map_table(progress: Progress, marks: tuple[str, str], *, narrow: bool) -> Table:
    """One row a chapter, in the order of the curriculum; dim what is planned."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("", no_wrap=True)
    table.add_column("chapter", overflow="fold")
    if not narrow:
        table.add_column("after", no_wrap=True)
    table.add_column("levels", no_wrap=True)
    table.add_column("done" if narrow else "exercises", justify="right", no_wrap=True)
    for chapter in all_chapters():
        total, done = progress.total.get(chapter.id, 0), progress.done.get(chapter.id, 0)
        cells = [
            Text(f"  {chapter.id}", style="bold cyan" if chapter.is_written else ""),
            Text(chapter.title),
            Text(", ".join(chapter.needs) or "-"),
            Text(" ".join(marks[level not in chapter.levels] for level in LEVELS)),
            Text(f"{done}/{total}" if total else "", style="green" if total and done == total else ""),
        ]
        if narrow:
            del cells[2]
        table.add_row(*cells, style="" if chapter.is_written else "dim")
    return table
