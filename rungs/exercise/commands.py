"""`rungs exercises, start, check, hint, solution, reset, watch`: the learner's side of the exercises."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rungs import progress
from rungs.catalogue.loading import all_exercises, chapter_exercises
from rungs.errors import Failed, RungsError
from rungs.exercise.display import here, new_console, show_list, show_markdown, show_solution, show_task, show_verdict
from rungs.exercise.work import CapstoneWork, ExerciseWork, back_up, digest, find_work, write_stub
from utils.chapters import LEVELS, find_chapter

if TYPE_CHECKING:
    from rich.console import Console

    from rungs.checking.verdict import Verdict

Name = Annotated[str | None, typer.Argument(metavar="[EXERCISE]", help="01.1, its name, or a level such as 03.numpy.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else on standard output.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command(epilog="Example: rungs exercises 03")(exercises)
    app.command(epilog="Example: rungs start 01.1        the skeleton of a whole level: rungs start 03.numpy")(start)
    app.command(epilog="Example: rungs check 01.1        without a name: what you worked on last")(check)
    app.command(epilog="Example: rungs hint 01.1")(hint)
    app.command(epilog="Example: rungs solution 01.1")(solution)
    app.command(epilog="Example: rungs reset 01.1")(reset)
    app.command(epilog="Example: rungs watch 01.1")(watch)


def exercises(
    chapter: Annotated[str | None, typer.Argument(metavar="[CHAPTER]")] = None, as_json: Json = False
) -> None:
    """List the exercises, with what you have done."""
    try:
        found = chapter_exercises(chapter) if chapter else list(all_exercises())
    except KeyError as error:
        raise RungsError(str(error.args[0])) from None
    state = progress.load()
    console = new_console()
    if as_json:
        rows = [
            {
                "id": e.id,
                "name": e.alias,
                "title": e.title,
                "chapter": e.chapter.id,
                "kind": e.kind,
                "level": e.level,
                "difficulty": e.difficulty,
                "minutes": e.minutes,
                "progress": asdict(state.entries.get(e.id, progress.Entry())),
            }
            for e in found
        ]
        print(json.dumps(rows, indent=2))
    elif found:
        show_list(console, found, state)
    else:
        console.print("No exercises yet" + (f" in chapter {find_chapter(chapter).id}." if chapter else "."))


def start(
    name: Annotated[str, typer.Argument(metavar="EXERCISE", help="01.1, its name, or a level such as 03.numpy.")],
) -> None:
    """Copy an exercise into my_work/ and show the task. What is there already stays as it is."""
    console = new_console()
    work = find_work(name)
    if isinstance(work, CapstoneWork):
        _start_capstone(work, console)
        return
    kept = work.file.exists()
    with progress.change() as state:
        write_stub(work)
        entry = state.entry(work.id)
        entry.begin()
        if not kept:
            entry.stub = entry.told = digest(work.exercise.stub)
    show_task(console, work.exercise)
    console.print()
    console.print(f"  Your file  [bold]{here(work.file)}[/]{'  (kept as it was)' if kept else ''}", soft_wrap=True)
    console.print(
        f"  Next       [cyan]rungs check {work.name}[/]   or, on every save: [cyan]rungs watch {work.name}[/]"
    )


def _start_capstone(work: CapstoneWork, console: Console) -> None:
    from rungs.level.skeleton import capstone_files

    chapter, level = work.chapter, work.level
    with console.status("reading the tested level"):
        files = capstone_files(chapter, level)
    if not files:
        raise RungsError(f"chapter {chapter.id} has no {level} level yet")
    with progress.change() as state:
        work.folder.mkdir(parents=True, exist_ok=True)
        lines = []
        for file, text in files.items():
            target = work.folder / file
            if target.exists():
                lines.append(f"  kept     {here(target)}")
            else:
                target.write_text(text, encoding="utf-8")
                lines.append(f"  [green]written[/]  {here(target)}")
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


def check(name: Name = None, as_json: Json = False) -> None:
    """Check your answer, in a process of its own with limits."""
    work = find_work(name)
    if isinstance(work, CapstoneWork):
        _verify(work, as_json=as_json)
        return
    console = new_console(as_json)
    verdict = _check(work, console)
    if as_json:
        print(json.dumps(asdict(verdict), indent=2))
    else:
        show_verdict(console, verdict, work.exercise, progress.load())
    if not verdict.passed:
        raise typer.Exit(1)


def _verify(work: CapstoneWork, *, as_json: bool = False) -> None:
    from rungs.running.verify import verify

    verify([work.chapter.id], mine=True, level=work.level, as_json=as_json)


def _check(work: ExerciseWork, console: Console) -> Verdict:
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


def hint(
    name: Name = None,
    again: Annotated[bool, typer.Option("--again", help="Show the hints that you have seen.")] = False,
) -> None:
    """The next of three hints; or the one for the misconception that the last check recognised."""
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
    mistakes = {mistake.name: mistake for mistake in exercise.misconceptions()}
    with progress.change() as state:
        entry = state.entry(work.id)
        if not entry.started:
            raise RungsError(f"{work.name} is not begun; `rungs start {work.name}` first, and try it without a hint")
        entry.touched = progress.now()
        if entry.mistake in mistakes and entry.mistake not in entry.explained:
            entry.explained.append(entry.mistake)
            heading, text = "Your answer behaves like a known mistake", mistakes[entry.mistake].text
        elif entry.hints < 3:
            entry.hints += 1
            heading, text = f"Hint {entry.hints} of 3", exercise.hints[entry.hints - 1]
        else:
            heading = "All three hints are used"
            text = "`--again` shows them; `rungs solution` shows and explains the answer."
    console.print(f"[bold]{heading}[/]\n")
    show_markdown(console, text)


def solution(
    name: Name = None, yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask first.")] = False
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


def reset(name: Name = None) -> None:
    """Begin again with a fresh file. Yours is kept, with the date, in backups/."""
    work = find_work(name)
    console = new_console()
    with progress.change() as state:
        files = [file for file in work.files if file.exists()]
        if not state.is_started(work.id) and not files:
            raise RungsError(f"{work.name} is not begun; `rungs start {work.name}` begins it")
        kept = back_up(work.folder, files)
        entry = state.entry(work.id)
        entry.status, entry.mistake, entry.passed, entry.explained = "", "", "", []
        entry.begin()
        if isinstance(work, ExerciseWork):
            write_stub(work)
            entry.stub = entry.told = digest(work.exercise.stub)
    for path in kept:
        console.print(f"  kept   {here(path)}", soft_wrap=True)
    if isinstance(work, CapstoneWork):
        _start_capstone(work, console)
    else:
        console.print(f"  fresh  {here(work.file)}", soft_wrap=True)


def watch(name: Name = None) -> None:
    """Check your answer each time you save it. Ctrl-C ends it."""
    work = find_work(name)
    console = new_console()
    if not work.folder.is_dir():
        raise RungsError(f"{here(work.folder)} is not there; `rungs start {work.name}` writes it")
    from watchfiles import DefaultFilter, watch

    class Python(DefaultFilter):
        def __call__(self, change: Any, path: str) -> bool:
            return super().__call__(change, path) and path.endswith(".py") and "backups" not in Path(path).parts

    def once() -> None:
        console.clear()
        try:
            if isinstance(work, CapstoneWork):
                _verify(work)
            else:
                show_verdict(console, _check(work, console), work.exercise, progress.load())
        except Failed as error:
            console.print(f"[red]{error}[/]", soft_wrap=True)
        except RungsError as error:
            console.print(f"[yellow]{error}[/]", soft_wrap=True)
        console.print(
            f"\n  [dim]{time.strftime('%H:%M:%S')}  watching {here(work.folder)}; save to check again, Ctrl-C to end[/]",
            soft_wrap=True,
        )

    # The watcher stands before the first check, which its first timeout sets off, so that no save is missed.
    first = True
    try:
        for changes in watch(work.folder, watch_filter=Python(), yield_on_timeout=True, rust_timeout=100, debounce=100):
            if first or changes:
                first = False
                once()
    except KeyboardInterrupt:
        pass


def main() -> None:
    """`python -m rungs.exercise.commands ...`: these commands alone."""
    app = typer.Typer(no_args_is_help=True)
    register(app)
    app()


if __name__ == "__main__":
    main()
