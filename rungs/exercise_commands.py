"""`rungs exercises, start, check, hint, solution, reset, watch`: the learner's side of the exercises."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rungs import progress
from rungs.errors import Failed, RungsError
from rungs.exercises import KINDS, Exercise, ExerciseError, all_exercises, chapter_exercises, find_exercise
from utils.chapters import LEVELS, Chapter, find_chapter

if TYPE_CHECKING:
    from rich.console import Console

    from rungs.checking import Failure, Verdict

Name = Annotated[str | None, typer.Argument(metavar="[EXERCISE]", help="01.1, its name, or a level such as 03.numpy.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else on standard output.")]
PRINTED_LINES = 20  # of what the learner's code printed


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command(epilog="Example: rungs exercises 03")(exercises)
    app.command(epilog="Example: rungs start 01.1        the skeleton of a whole level: rungs start 03.numpy")(start)
    app.command(epilog="Example: rungs check 01.1        without a name: what you worked on last")(check)
    app.command(epilog="Example: rungs hint 01.1")(hint)
    app.command(epilog="Example: rungs solution 01.1")(solution)
    app.command(epilog="Example: rungs reset 01.1")(reset)
    app.command(epilog="Example: rungs watch 01.1")(watch)


# ---- what is worked on, and where it lies ----


def folder_of(exercise: Exercise) -> Path:
    return progress.work_folder() / exercise.id


def file_of(exercise: Exercise) -> Path:
    """The learner's file."""
    return folder_of(exercise) / exercise.file_name


def _capstone(name: str) -> tuple[Chapter, str] | None:
    """Chapter and level of a name such as "03.numpy", or None for the name of an exercise."""
    head, _, tail = name.strip().rpartition(".")
    levels = {**{level: level for level in ("numpy", "pytorch_lowlevel", "paper")}, "lowlevel": "pytorch_lowlevel"}
    if tail.lower() not in levels:
        return None
    try:
        chapter = find_chapter(head)
    except KeyError as error:
        raise RungsError(str(error.args[0])) from None
    if not chapter.is_written:
        raise RungsError(f"chapter {chapter.id} ({chapter.title}) is planned and not written yet")
    return chapter, levels[tail.lower()]


def _name_or_latest(name: str | None) -> str:
    """The name, or what was worked on last."""
    if name:
        return name
    latest = progress.load().latest()
    if latest is None:
        raise RungsError("no exercise is begun; `rungs exercises` lists them, `rungs start 01.1` begins the first")
    return latest


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _here(path: Path) -> str:
    """A path as short as it can be typed from here."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _console(as_json: bool = False) -> Console:
    from rich.console import Console

    return Console(stderr=as_json, highlight=False)


def _markdown(console: Console, text: str) -> None:
    from rich.markdown import Markdown

    from rungs.plain_math import readable

    console.print(Markdown(readable(text.strip()), code_theme="ansi_dark", hyperlinks=False))


def _next_exercise(state: progress.Progress) -> Exercise | None:
    return next((exercise for exercise in all_exercises() if not state.is_done(exercise.id)), None)


# ---- commands ----


def exercises(
    chapter: Annotated[str | None, typer.Argument(metavar="[CHAPTER]")] = None, as_json: Json = False
) -> None:
    """List the exercises, with what you have done."""
    from rich.table import Table

    try:
        found = chapter_exercises(chapter) if chapter else list(all_exercises())
    except KeyError as error:
        raise RungsError(str(error.args[0])) from None
    state = progress.load()
    if as_json:
        rows = [
            {"id": e.id, "name": e.alias, "title": e.title, "chapter": e.chapter.id, "kind": e.kind, "level": e.level}
            | {
                "difficulty": e.difficulty,
                "minutes": e.minutes,
                "progress": asdict(state.entries.get(e.id, progress.Entry())),
            }
            for e in found
        ]
        print(json.dumps(rows, indent=2))
        return
    console = _console()
    if not found:
        console.print("No exercises yet" + (f" in chapter {find_chapter(chapter).id}." if chapter else "."))
        return
    narrow = console.width < 80
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for column in ("", "exercise", *(() if narrow else ("kind", "level")), "difficulty", "minutes", ""):
        table.add_column(
            column, no_wrap=column in ("", "kind", "level"), justify="right" if column == "minutes" else "left"
        )
    for e in found:
        entry = state.entries.get(e.id, progress.Entry())
        mark = "[green]done[/]" if entry.passed else "[yellow]begun[/]" if entry.started else ""
        cells = [f"  [bold cyan]{e.alias}[/]", e.title, KINDS[e.kind], LEVELS.get(e.level, e.level)]
        table.add_row(
            *(cells[:2] if narrow else cells), "●" * e.difficulty + "○" * (5 - e.difficulty), str(e.minutes), mark
        )
    console.print(table)
    console.print(
        "\n  [cyan]rungs start NAME[/] begins one; [cyan]rungs start 01.numpy[/] begins a whole level of your own",
        style="dim",
    )


def start(
    name: Annotated[str, typer.Argument(metavar="EXERCISE", help="01.1, its name, or a level such as 03.numpy.")],
) -> None:
    """Copy an exercise into my_work/ and show the task. What is there already stays as it is."""
    console = _console()
    capstone = _capstone(name)
    if capstone is not None:
        return _start_capstone(console, *capstone)
    exercise = find_exercise(name)
    file = file_of(exercise)
    kept = file.exists()
    with progress.change() as state:
        _write_stub(exercise)
        entry = state.entry(exercise.id)
        entry.touched = progress.now()
        if not kept:
            entry.stub = entry.told = _digest(exercise.stub)
        entry.started = entry.started or entry.touched
    _markdown(console, exercise.task)
    needs = "; ".join(f"{need.chapter}: {need.what}" for need in exercise.needs)
    console.print()
    level = LEVELS.get(exercise.level, exercise.level)
    console.print(
        f"[dim]{KINDS[exercise.kind]}, {level} level, difficulty {exercise.difficulty} of 5, "
        f"about {exercise.minutes} minutes[/]"
    )
    if needs:
        console.print(f"[dim]needs {needs}[/]")
    console.print()
    console.print(f"  Your file  [bold]{_here(file)}[/]{'  (kept as it was)' if kept else ''}", soft_wrap=True)
    console.print(
        f"  Next       [cyan]rungs check {exercise.alias}[/]   or, on every save: [cyan]rungs watch {exercise.alias}[/]"
    )
    return None


def _write_stub(exercise: Exercise) -> None:
    """Put stub and task into the work folder; a file that is there is never touched."""
    folder = folder_of(exercise)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for source, target in ((exercise.stub, file_of(exercise)), (exercise.path / "README.md", folder / "README.md")):
            try:
                with target.open("xb") as file:
                    file.write(source.read_bytes())
            except FileExistsError:
                continue
    except OSError as error:
        raise RungsError(f"{folder} cannot be written: {error.strerror}") from None


def _start_capstone(console: Console, chapter: Chapter, level: str) -> None:
    from rungs.mine import default_folder
    from rungs.skeleton import capstone_files

    folder = default_folder(chapter, level)
    with console.status("reading the tested level"):
        files = capstone_files(chapter, level)
    if not files:
        raise RungsError(f"chapter {chapter.id} has no {level} level yet")
    with progress.change() as state:
        folder.mkdir(parents=True, exist_ok=True)
        lines = []
        for file, text in files.items():
            target = folder / file
            if target.exists():
                lines.append(f"  kept     {_here(target)}")
            else:
                target.write_text(text, encoding="utf-8")
                lines.append(f"  [green]written[/]  {_here(target)}")
        entry = state.entry(f"{chapter.id}.{level}")
        entry.touched = progress.now()
        entry.started = entry.started or entry.touched
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
    name = _name_or_latest(name)
    capstone = _capstone(name)
    if capstone is not None:
        from rungs.verify import verify

        verify([capstone[0].id], mine=True, level=capstone[1], as_json=as_json)
        return
    exercise = find_exercise(name)
    console = _console(as_json)
    verdict = _check(exercise, console)
    if as_json:
        print(json.dumps(asdict(verdict), indent=2))
    else:
        show(verdict, exercise, console)
    if not verdict.passed:
        raise typer.Exit(1)


def _check(exercise: Exercise, console: Console) -> Verdict:
    """Run the checker and record the outcome."""
    from rungs.checking import check_file

    file = file_of(exercise)
    if not file.is_file():
        raise RungsError(f"{_here(file)} is not there; `rungs start {exercise.alias}` writes it")
    with console.status(f"checking {_here(file)}"):
        verdict = check_file(exercise, file)
    with progress.change() as state:
        entry = state.entry(exercise.id)
        entry.touched = progress.now()
        entry.started = entry.started or entry.touched
        entry.checks += 1
        entry.status, entry.mistake = verdict.status, verdict.mistake
        if verdict.passed:
            entry.passed = entry.passed or entry.touched
        digest = _digest(exercise.stub)
        moved = bool(entry.stub) and digest not in (entry.stub, entry.told)
        if moved:
            entry.told = digest
    if moved:
        console.print(
            "[yellow]note[/]  this exercise has changed since you began it. Your file is as you left it; "
            f"`rungs reset {exercise.alias}` gives the new one and keeps yours as a backup.\n"
        )
    return verdict


def show(verdict: Verdict, exercise: Exercise, console: Console) -> None:
    """A verdict, the first failure readable at a glance."""
    from rich.markup import escape

    marks = {"passed": "[green]✓[/]", "failed": "[red]✗[/]", "not written": "[yellow]·[/]"}
    if not console.encoding.lower().startswith("utf"):
        marks = {"passed": "+", "failed": "x", "not written": "."}
    console.print(f"[bold]{exercise.title}[/]  [dim]{exercise.alias}  {verdict.seconds:.1f} s[/]\n")
    for part in verdict.parts:
        tail = "  [dim]not written yet[/]" if part.status == "not written" else ""
        console.print(f"  {marks[part.status]} {escape(part.title)}{tail}")
    if verdict.parts:
        console.print()
    if verdict.failure is not None:
        show_failure(verdict.failure, console)
    if verdict.explanation:
        console.print("\n  [bold yellow]Likely[/]", end="")
        _indented(console, verdict.explanation, "  ")
    if verdict.output.strip():
        lines = verdict.output.rstrip().splitlines()
        left_out = f" (the last {PRINTED_LINES} of {len(lines)} lines)" if len(lines) > PRINTED_LINES else ""
        console.print(f"\n  [dim]your code printed{left_out}[/]")
        for line in lines[-PRINTED_LINES:]:
            console.print(f"    {escape(line[:300])}", soft_wrap=True, style="dim")
    console.print()
    if verdict.passed:
        following = _next_exercise(progress.load())
        console.print(f"  [bold green]Passed.[/]  See why it is right: [cyan]rungs solution {exercise.alias}[/]")
        if following is not None:
            console.print(f"  Next     [cyan]rungs start {following.alias}[/]  {following.title}")
    else:
        used = progress.load().entry(exercise.id).hints
        more = f"{used} of 3 used" if used < 3 else "all used"
        console.print(f"  Stuck?  [cyan]rungs hint {exercise.alias}[/]  [dim]({more})[/]")


def _indented(console: Console, text: str, first: str) -> None:
    """Text wrapped to the window, indented by four columns after the first line."""
    from rich.markup import escape
    from rich.padding import Padding

    console.print(first.rstrip())
    console.print(Padding(escape(text), (0, 2, 0, 4)))


def show_failure(failure: Failure, console: Console) -> None:
    from rich.markup import escape

    console.print(f"  [bold {'red' if failure.written else 'yellow'}]{escape(failure.headline)}[/]\n", soft_wrap=True)
    rows = {
        "called": failure.called,
        "result": failure.what,
        "expected": failure.expected,
        "got": failure.got,
        "largest difference": failure.difference,
        "where": failure.where,
        "note": failure.why,
    }
    width = max((len(name) for name, text in rows.items() if text), default=0)
    for name, text in rows.items():
        for number, line in enumerate(text.splitlines()):
            label = name if number == 0 else ""
            console.print(f"    [dim]{label:<{width}}[/]  {escape(line)}", soft_wrap=True)


def hint(
    name: Name = None,
    again: Annotated[bool, typer.Option("--again", help="Show the hints that you have seen.")] = False,
) -> None:
    """The next of three hints; or the one for the misconception that the last check recognised."""
    name = _name_or_latest(name)
    if (capstone := _capstone(name)) is not None:
        chapter, level = capstone
        raise RungsError(
            f"a whole level has no hints of its own: `rungs verify {chapter.id} --mine --level {level} --trace` names the "
            f"first tensor that is off, and {chapter.folder}/theory.md derives it"
        )
    exercise = find_exercise(name)
    console = _console()
    if again:
        seen = progress.load().entry(exercise.id).hints
        for number in range(seen):
            console.print(f"[bold]Hint {number + 1} of 3[/]")
            _markdown(console, exercise.hints[number])
        if not seen:
            console.print(
                f"You have seen no hint of {exercise.alias} yet; `rungs hint {exercise.alias}` gives the first."
            )
        return
    mistakes = {mistake.name: mistake for mistake in exercise.misconceptions()}
    with progress.change() as state:
        entry = state.entry(exercise.id)
        if not entry.started:
            raise RungsError(
                f"{exercise.alias} is not begun; `rungs start {exercise.alias}` first, and try it without a hint"
            )
        entry.touched = progress.now()
        if entry.mistake in mistakes and entry.mistake not in entry.explained:
            entry.explained.append(entry.mistake)
            heading, text = "Your answer behaves like a known mistake", mistakes[entry.mistake].text
        elif entry.hints < 3:
            entry.hints += 1
            heading, text = f"Hint {entry.hints} of 3", exercise.hints[entry.hints - 1]
        else:
            heading, text = (
                "All three hints are used",
                "`--again` shows them; `rungs solution` shows and explains the answer.",
            )
    console.print(f"[bold]{heading}[/]\n")
    _markdown(console, text)


def solution(
    name: Name = None, yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask first.")] = False
) -> None:
    """Show the solution, how your file differs from it, and why it is right. Asks first."""
    name = _name_or_latest(name)
    console = _console()
    capstone = _capstone(name)
    if capstone is not None:
        from rungs.mine import default_folder
        from rungs.skeleton import level_modules

        key, title = f"{capstone[0].id}.{capstone[1]}", f"the {LEVELS[capstone[1]]} level of chapter {capstone[0].id}"
        pairs = [(default_folder(*capstone) / path.name, path) for path in level_modules(*capstone).values()]
        explanation = f"Every gradient is derived in `{capstone[0].folder}/theory.md`."
    else:
        exercise = find_exercise(name)
        key, title = exercise.id, exercise.title
        pairs, explanation = [(file_of(exercise), exercise.solution)], exercise.explanation
    state = progress.load()
    if not state.is_done(key) and not yes:
        typer.confirm(f"Show the solution of {title}? It is recorded that you saw it", abort=True)
    with progress.change() as state:
        entry = state.entry(key)
        entry.touched = progress.now()
        entry.solution = entry.solution or entry.touched
    for mine, right in pairs:
        _show_solution(console, mine, right)
    console.print()
    _markdown(console, explanation)


def _show_solution(console: Console, mine: Path, right: Path) -> None:
    import difflib

    from rich.syntax import Syntax

    theirs = right.read_text(encoding="utf-8")
    if not mine.is_file():
        console.print(f"[dim]{_here(right)}[/]\n", soft_wrap=True)
        console.print(Syntax(theirs, "python", theme="ansi_dark", background_color="default", word_wrap=True))
        return
    ours = mine.read_text(encoding="utf-8", errors="replace")
    diff = list(difflib.unified_diff(ours.splitlines(), theirs.splitlines(), _here(mine), "solution", n=2, lineterm=""))
    if not diff:
        console.print(f"{_here(mine)} is the solution, letter by letter.", soft_wrap=True)
        return
    console.print("[dim]from your file ([red]-[/red]) to the solution ([green]+[/green])[/]")
    console.print(Syntax("\n".join(diff), "diff", theme="ansi_dark", background_color="default", word_wrap=True))


def reset(name: Name = None) -> None:
    """Begin again with a fresh file. Yours is kept, with the date, in backups/."""
    name = _name_or_latest(name)
    console = _console()
    capstone = _capstone(name)
    if capstone is not None:
        from rungs.mine import default_folder
        from rungs.skeleton import level_modules

        key, folder = f"{capstone[0].id}.{capstone[1]}", default_folder(*capstone)
        files = [folder / path.name for path in level_modules(*capstone).values()]
    else:
        exercise = find_exercise(name)
        key, folder, files = exercise.id, folder_of(exercise), [file_of(exercise)]
        files += [folder / "README.md"]
    with progress.change() as state:
        if not state.is_started(key) and not any(file.exists() for file in files):
            raise RungsError(f"{name} is not begun; `rungs start {name}` begins it")
        kept = _back_up(folder, [file for file in files if file.exists()])
        entry = state.entry(key)
        entry.status, entry.mistake, entry.passed, entry.explained = "", "", "", []
        entry.touched = progress.now()
        if capstone is None:
            exercise = find_exercise(name)
            _write_stub(exercise)
            entry.stub = entry.told = _digest(exercise.stub)
            entry.started = entry.started or entry.touched
    for path in kept:
        console.print(f"  kept   {_here(path)}", soft_wrap=True)
    if capstone is not None:
        _start_capstone(console, *capstone)
    else:
        console.print(f"  fresh  {_here(files[0])}", soft_wrap=True)


def _back_up(folder: Path, files: list[Path]) -> list[Path]:
    """Move files into a dated folder of backups; returns where they are now."""
    stamp = f"{datetime.now():%Y-%m-%d_%H%M%S}"
    target = folder / "backups" / stamp
    number = 2
    while target.exists():
        target = folder / "backups" / f"{stamp}_{number}"
        number += 1
    kept = []
    for file in files:
        target.mkdir(parents=True, exist_ok=True)
        shutil.move(file, target / file.name)
        if file.suffix == ".py":
            kept.append(target / file.name)
    return kept


def watch(name: Name = None) -> None:
    """Check your answer each time you save it. Ctrl-C ends it."""
    name = _name_or_latest(name)
    capstone = _capstone(name)
    console = _console()
    if capstone is not None:
        from rungs.mine import default_folder

        folder, title = default_folder(*capstone), f"{capstone[0].id}.{capstone[1]}"
    else:
        exercise = find_exercise(name)
        folder, title = folder_of(exercise), exercise.alias
    if not folder.is_dir():
        raise RungsError(f"{_here(folder)} is not there; `rungs start {title}` writes it")
    from watchfiles import DefaultFilter, watch

    class Python(DefaultFilter):
        def __call__(self, change: Any, path: str) -> bool:
            return super().__call__(change, path) and path.endswith(".py") and "backups" not in Path(path).parts

    def once() -> None:
        console.clear()
        try:
            if capstone is not None:
                from rungs.verify import verify

                verify([capstone[0].id], mine=True, level=capstone[1])
            else:
                show(_check(exercise, console), exercise, console)
        except Failed as error:
            console.print(f"[red]{error}[/]", soft_wrap=True)
        except (RungsError, ExerciseError) as error:
            console.print(f"[yellow]{error}[/]", soft_wrap=True)
        console.print(
            f"\n  [dim]{time.strftime('%H:%M:%S')}  watching {_here(folder)}; save to check again, Ctrl-C to end[/]",
            soft_wrap=True,
        )

    # The watcher stands before the first check, which its first timeout sets off, so that no save is missed.
    first = True
    try:
        for changes in watch(folder, watch_filter=Python(), yield_on_timeout=True, rust_timeout=100, debounce=100):
            if first or changes:
                first = False
                once()
    except KeyboardInterrupt:
        pass


def main() -> None:
    """`python -m rungs.exercise_commands ...`: these commands alone."""
    app = typer.Typer(no_args_is_help=True)
    register(app)
    app()


if __name__ == "__main__":
    main()
