"""How exercises, verdicts and solutions are shown in a terminal."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from rungs.catalogue.exercise import KINDS, Exercise
from rungs.catalogue.loading import all_exercises, chapter_exercises
from rungs.exercise.path import ahead
from rungs.progress import Entry, Progress
from utils.chapters import LEVELS, Chapter

if TYPE_CHECKING:
    from rich.console import Console

    from rungs.checking.verdict import Failure, Verdict
    from rungs.exercise.work import Solution

PROGRESS_BAR = 40  # columns
PRINTED_LINES = 20  # of what the learner's code printed


def new_console(as_json: bool = False) -> Console:
    """A console on standard output; on standard error where that is taken by JSON."""
    from rich.console import Console

    return Console(stderr=as_json, highlight=False)


def here(path: Path) -> str:
    """A path as short as it can be typed from here."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def show_markdown(console: Console, text: str) -> None:
    from rich.markdown import Markdown

    from rungs.exercise.plain_math import readable

    console.print(Markdown(readable(text.strip()), code_theme="ansi_dark", hyperlinks=False))


def show_list(console: Console, exercises: Iterable[Exercise], state: Progress) -> None:
    """Exercises with what is done of them, chapter by chapter; within 80 columns."""
    from rich.table import Table

    for chapter, own in groupby(exercises, key=lambda exercise: exercise.chapter):
        rows = list(own)
        done = sum(state.is_done(exercise.id) for exercise in rows)
        console.print(f"\n  [bold]{chapter.id}  {chapter.title}[/]  [dim]{done} of {len(rows)} done[/]")
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
        table.add_column(no_wrap=True)
        table.add_column(ratio=1, overflow="fold")
        for _ in range(4):
            table.add_column(no_wrap=True)
        for e in rows:
            entry = state.entries.get(e.id, Entry())
            mark = "[green]done[/]" if entry.passed else "[yellow]begun[/]" if entry.started else ""
            table.add_row(
                f"  [bold cyan]{e.alias}[/]", e.title, e.kind, stars(console, e.difficulty), f"{e.minutes:>3} min", mark
            )
        console.print(table)
    console.print("\n  [cyan]rungs watch[/] goes through them; [cyan]rungs start NAME[/] begins one", style="dim")
    console.print("  [cyan]rungs start 01.numpy[/] begins a whole level of your own", style="dim")


def stars(console: Console, difficulty: int) -> str:
    full, empty = ("●", "○") if in_unicode(console) else ("*", ".")
    return full * difficulty + empty * (5 - difficulty)


def in_unicode(console: Console) -> bool:
    return console.encoding.lower().startswith("utf")


def show_progress(console: Console, chapter: Chapter, state: Progress) -> None:
    """How far the learner is, in the chapter and in the course."""
    full, empty = ("━", "─") if in_unicode(console) else ("#", ".")
    for what, exercises in (
        (f"chapter {chapter.id}", chapter_exercises(chapter.id)),
        ("the course", all_exercises()),
    ):
        done, total = sum(state.is_done(exercise.id) for exercise in exercises), len(exercises)
        length = round(PROGRESS_BAR * done / total)
        bar = f"[green]{full * length}[/][dim]{empty * (PROGRESS_BAR - length)}[/]"
        console.print(f"  {what:<10}  {bar}  {done} of {total}")


def show_task(console: Console, exercise: Exercise) -> None:
    """The task, and what it asks of the learner."""
    show_markdown(console, exercise.task)
    console.print()
    level = LEVELS.get(exercise.level, exercise.level)
    console.print(
        f"[dim]{KINDS[exercise.kind]}, {level} level, difficulty {exercise.difficulty} of 5, "
        f"about {exercise.minutes} minutes[/]"
    )
    if exercise.needs:
        console.print(f"[dim]needs {'; '.join(f'{need.chapter}: {need.what}' for need in exercise.needs)}[/]")


def show_verdict(
    console: Console, verdict: Verdict, exercise: Exercise, state: Progress, *, offer: bool = True, keys: bool = False
) -> None:
    """A verdict, the first failure readable at a glance, and what to do next.

    Args:
        offer: whether to name the next exercise after a success.
        keys: whether the key h gives a hint here.
    """
    from rich.markup import escape
    from rich.padding import Padding

    marks = {"passed": "[green]✓[/]", "failed": "[red]✗[/]", "not written": "[yellow]·[/]"}
    if not in_unicode(console):
        marks = {"passed": "+", "failed": "x", "not written": "."}
    console.print(f"[bold]{exercise.title}[/]  [dim]{exercise.alias}  {verdict.seconds:.1f} s[/]\n")
    for part in verdict.parts:
        tail = "  [dim]not written yet[/]" if part.status == "not written" else ""
        console.print(f"  {marks[part.status]} {escape(part.title)}{tail}")
    if verdict.parts:
        console.print()
    if verdict.failure is not None:
        _show_failure(console, verdict.failure)
    if verdict.explanation:
        console.print("\n  [bold yellow]Likely[/]")
        console.print(Padding(escape(verdict.explanation), (0, 2, 0, 4)))
    if verdict.output.strip():
        lines = verdict.output.rstrip().splitlines()
        left_out = f" (the last {PRINTED_LINES} of {len(lines)} lines)" if len(lines) > PRINTED_LINES else ""
        console.print(f"\n  [dim]your code printed{left_out}[/]")
        for line in lines[-PRINTED_LINES:]:
            console.print(f"    {escape(line[:300])}", soft_wrap=True, style="dim")
    console.print()
    if verdict.passed:
        following = next(iter(ahead(state, exercise)), None) if offer else None
        console.print(f"  [bold green]Passed.[/]  See why it is right: [cyan]rungs solution {exercise.alias}[/]")
        if following is not None:
            console.print(f"  Next     [cyan]rungs start {following.alias}[/]  {following.title}")
    else:
        used = state.entry(exercise.id).hints
        more = f"{used} of 3 used" if used < 3 else "all used"
        how = "[cyan]h[/] gives a hint" if keys else f"[cyan]rungs hint {exercise.alias}[/]"
        console.print(f"  Stuck?  {how}  [dim]({more})[/]")


def _show_failure(console: Console, failure: Failure) -> None:
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


def show_solution(console: Console, mine: Path, solution: Solution) -> None:
    """How the learner's file differs from the solution; the whole solution where there is no file."""
    from rich.syntax import Syntax

    if not mine.is_file():
        console.print(f"[dim]{here(solution.file)}[/]\n", soft_wrap=True)
        console.print(Syntax(solution.text, "python", theme="ansi_dark", background_color="default", word_wrap=True))
        return
    theirs, right = mine.read_text(encoding="utf-8", errors="replace").splitlines(), solution.text.splitlines()
    diff = list(difflib.unified_diff(theirs, right, here(mine), "solution", n=2, lineterm=""))
    if not diff:
        console.print(f"{here(mine)} is the solution, letter by letter.", soft_wrap=True)
        return
    console.print("[dim]from your file ([red]-[/red]) to the solution ([green]+[/green])[/]")
    console.print(Syntax("\n".join(diff), "diff", theme="ansi_dark", background_color="default", word_wrap=True))
