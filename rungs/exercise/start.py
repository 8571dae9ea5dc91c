"""`rungs start`: a copy of an exercise, or the skeleton of a whole level, for the learner to fill in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rungs import progress
from rungs.errors import RungsError
from rungs.exercise.display import here, new_console, show_task
from rungs.exercise.work import CapstoneWork, ExerciseWork, digest, find_work, write_stub
from utils.chapters import LEVELS
from utils.files import write_new

if TYPE_CHECKING:
    from rich.console import Console

EXAMPLE = "rungs start 01.1        the skeleton of a whole level: rungs start 03.numpy"


def start(
    name: Annotated[str, typer.Argument(metavar="EXERCISE", help="01.1, its name, or a level such as 03.numpy.")],
) -> None:
    """Copy an exercise into my_work/ and show the task. What is there already stays as it is."""
    console = new_console()
    work = find_work(name)
    if isinstance(work, CapstoneWork):
        start_capstone(work, console)
        return
    kept = begin(work)
    show_task(console, work.exercise)
    console.print()
    console.print(f"  Your file  [bold]{here(work.file)}[/]{'  (kept as it was)' if kept else ''}", soft_wrap=True)
    console.print(
        f"  Next       [cyan]rungs check {work.name}[/]   or, on every save: [cyan]rungs watch {work.name}[/]"
    )


def begin(work: ExerciseWork) -> bool:
    """Write the stub where the learner has no file, and record the start. Returns: whether there was a file."""
    kept = work.file.exists()
    with progress.change() as state:
        write_stub(work)
        entry = state.entry(work.id)
        entry.begin()
        if not kept:
            entry.stub = entry.told = digest(work.exercise.stub)
    return kept


def start_capstone(work: CapstoneWork, console: Console) -> None:
    """Write the skeletons of a level that are not there yet, and say what to do with them."""
    from rungs.level.skeleton import capstone_files

    chapter, level = work.chapter, work.level
    with console.status("reading the tested level"):
        files = capstone_files(chapter, level)
    if not files:
        raise RungsError(f"chapter {chapter.id} has no {level} level yet")
    with progress.change() as state:
        lines = []
        for file, text in files.items():
            target = work.folder / file
            try:
                work.folder.mkdir(parents=True, exist_ok=True)
                write_new(target, text.encode())
                lines.append(f"  [green]written[/]  {here(target)}")
            except FileExistsError:
                lines.append(f"  kept     {here(target)}")
            except OSError as error:
                raise RungsError(f"{target} cannot be written: {error.strerror}") from None
        entry = state.entry(work.id)
        entry.begin()
    option = "" if level == "numpy" else f" --level {level}"
    console.print(f"[bold]Chapter {chapter.id}, {chapter.title}: write the {LEVELS[level]} level yourself[/]\n")
    for line in lines:
        console.print(line, soft_wrap=True)
    console.print(
        "\nEvery class and function is there with its signature and docstring, and raises NotImplementedError. Write them "
        "in any order; what is not written yet is reported as such, and the rest is checked. For a file that you delete, "
        "the tested one is taken.\n"
    )
    console.print(f"  Next  [cyan]rungs verify {chapter.id} --mine{option}[/]")
