"""`rungs verify`: the proofs of a chapter as a table, on our levels or with the reader's own file as one of them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rungs.errors import Failed, RungsError
from rungs.names import chapters_called, ladder_called, level_called
from rungs.options import Json, LadderName
from rungs.running.report import show

if TYPE_CHECKING:
    from rich.console import Console

    from utils.chapters import Chapter
    from utils.ladder import Ladder

EXAMPLE = "rungs verify 03 --level numpy --trace"


def verify(
    chapter_names: Annotated[list[str], typer.Argument(metavar="[CHAPTER]...", help="Chapters, or all.")] = ["all"],  # noqa: B006
    mine: Annotated[bool, typer.Option("--mine", help="Put your own file in the place of a level.")] = False,
    file: Annotated[
        Path | None, typer.Option("--file", "-f", help="Your file; default my_work/. Implies --mine.")
    ] = None,
    ladder_name: LadderName = None,
    level: Annotated[
        str | None, typer.Option("--level", "-l", help="Only this level; with --mine, the level you wrote.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, max=1000, help="Cases drawn for each proof.")] = 3,
    trace: Annotated[
        bool, typer.Option("--trace", help="Every activation and gradient with its largest difference.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Prove the levels equal: ours, or with your own file as one."""
    chapters = chapters_called(chapter_names)
    if ladder_name is not None and len(chapters) > 1:
        raise RungsError(
            "--ladder names a model of one chapter; name that chapter too: rungs verify 03 --ladder " + ladder_name
        )
    from rich.console import Console

    console = Console(stderr=as_json, highlight=False)
    if mine or file is not None:
        if len(chapters) > 1:
            raise RungsError("--mine puts your file in the place of one chapter's level: rungs verify 03 --mine")
        reports = my_reports(chapters[0], file, ladder_name, level or "numpy", seeds, console)
    else:
        reports = our_reports(chapters, ladder_name, level, seeds, console)
    if as_json:
        print(json.dumps(finite({"ok": all(r["ok"] for r in reports), "seeds": seeds, "ladders": reports}), indent=2))
    else:
        for report in reports:
            show(report, console, trace=trace)
    bad = [report for report in reports if not report["ok"]]
    if bad:
        count = sum(row["failed"] for report in bad for row in report["summary"])
        unfinished = sum(row["not_written"] for report in bad for row in report["summary"])
        parts = [f"{count} comparisons failed"] * (count > 0) + [f"{unfinished} wait for what is not written yet"] * (
            unfinished > 0
        )
        raise Failed(f"{', '.join(report['ladder'] for report in bad)}: {'; '.join(parts)}")


def our_reports(
    chapters: Iterable[Chapter], ladder_name: str | None, level: str | None, seeds: int, console: Console
) -> list[dict[str, Any]]:
    """The reports of the tested levels; one row of progress for each proof of each ladder."""
    with console.status("loading torch"):
        from utils.ladder import load_ladders
        from utils.parity.prove import prove
        from utils.parity.report import PROOFS, Report

        ladders: list[tuple[Ladder, str | None]] = []
        for chapter in chapters:
            there = load_ladders(chapter.id)
            for ladder in there.values() if ladder_name is None else [ladder_called(there, ladder_name, chapter)]:
                ladders.append((ladder, level and level_called(level, list(ladder.modules))))
    reports = []
    with progress_bar(console, len(ladders) * len(PROOFS)) as (advance, say):
        for ladder, only in ladders:
            report = Report(ladder.name, ladder.chapter)
            for proof in PROOFS:

                def tell(what: str, name: str = ladder.name) -> None:
                    say(f"{name}: {what}")

                report.findings += prove(ladder, proofs=[proof], seeds=range(seeds), level=only, progress=tell).findings
                advance()
            reports.append(report.asdict())
    return reports


def my_reports(
    chapter: Chapter, file: Path | None, ladder_name: str | None, level: str, seeds: int, console: Console
) -> list[dict[str, Any]]:
    """The reports with the reader's file in the place of a level, run in a process of its own with limits."""
    from rungs.level import mine

    level = level_called(level, ["numpy", "pytorch_lowlevel", "paper"])
    with console.status("checking your file") as status:
        return mine.reports(chapter, level, file, ladder=ladder_name, seeds=seeds, tell=status.update)


@contextmanager
def progress_bar(console: Console, total: int):
    """A bar on a terminal, and nothing elsewhere."""
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    columns = (TextColumn("{task.description:<44.44}"), BarColumn(bar_width=24), TaskProgressColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=total)
        yield lambda: bar.advance(task), lambda text: bar.update(task, description=text)


def finite(value: Any) -> Any:
    """NaN and infinities as null: they are not JSON."""
    if isinstance(value, dict):
        return {k: finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [finite(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
