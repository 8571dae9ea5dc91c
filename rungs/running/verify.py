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
from rungs.running.report import show, show_reach

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
    complete: Annotated[
        bool, typer.Option("--complete", help="In place of the proofs: what a chapter lacks or has as a template.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Prove the levels equal: ours, or with your own file as one."""
    chapters = chapters_called(chapter_names)
    if complete:
        if mine or file is not None:
            raise RungsError("--complete is about our chapters, --mine about your file: rungs verify 03 --complete")
        from rungs.house import completeness

        completeness.show(chapters, as_json=as_json)
        return
    if ladder_name is not None and len(chapters) > 1:
        raise RungsError(
            "--ladder names a model of one chapter; name that chapter too: rungs verify 03 --ladder " + ladder_name
        )
    from rich.console import Console

    console = Console(stderr=as_json, highlight=False)
    if mine or file is not None:
        if len(chapters) > 1:
            raise RungsError("--mine puts your file in the place of one chapter's level: rungs verify 03 --mine")
        found = prove_mine(chapters[0], file, ladder_name, level or "numpy", seeds, console)
    else:
        reports = our_reports(chapters, ladder_name, level, seeds, console)
        found = {"ok": bool(reports) and all(r["ok"] for r in reports), "reports": reports}
    if as_json:
        said = {"ok": found["ok"], "seeds": seeds, "ladders": found["reports"]}
        print(json.dumps(finite(said | ({"reach": found["reach"]} if "reach" in found else {})), indent=2))
    else:
        for report in found["reports"]:
            show(report, console, trace=trace)
        if "reach" in found:
            show_reach(found["reach"], console)
    if not found["ok"]:
        raise Failed(what_is_missing(found))
    if "reach" in found and not as_json:
        console.print(success(chapters[0], found, ladder_name))


def what_is_missing(found: dict[str, Any]) -> str:
    """Which ladders are not proved and how much of them, or what of the reader's files never ran."""
    bad = [report for report in found["reports"] if not report["ok"]]
    counts = {
        "comparisons failed": sum(row["failed"] for report in bad for row in report["summary"]),
        "wait for what is not written yet": sum(row["not_written"] for report in bad for row in report["summary"]),
    }
    parts = [f"{count} {what}" for what, count in counts.items() if count]
    ladders = f"{', '.join(report['ladder'] for report in bad)}: {'; '.join(parts)}"
    if bad or "reach" not in found:
        return ladders if bad else "nothing was proved"
    missing = found["reach"]["not_run"]
    return f"all that ran is equal, but {len(missing)} of your functions never ran: {', '.join(missing[:5])}" + (
        f" and {len(missing) - 5} more" if len(missing) > 5 else ""
    )


def success(chapter: Chapter, found: dict[str, Any], ladder_name: str | None) -> str:
    """What is proved now, and where to go from there."""
    from utils.chapters import LEVELS, all_chapters

    level, names = found["level"], ", ".join(f"{name}.py" for name in found["files"])
    if ladder_name is not None:
        proved = f"[green]{names}: equal to the tested levels in ladder {ladder_name}.[/]"
        return f"{proved}\n  Next  rungs verify {chapter.id} --mine"
    if found["missing"]:
        missing = ", ".join(f"{name}.py" for name in found["missing"])
        return f"[green]{names}: equal to the tested levels.[/] Still ours: {missing}\n  Next  rungs start {chapter.id}.{level}"
    own = [name for name in chapter.levels if name != "production"]
    later = own[own.index(level) + 1 :]
    following = [c for c in all_chapters() if c.is_written and chapter.id in c.needs]
    step = (
        f"rungs start {chapter.id}.{later[0]}" if later else f"rungs climb {following[0].id}" if following else "rungs"
    )
    return (
        f"[green]Your {LEVELS[level]} level of chapter {chapter.id} is equal to the tested ones, every function of it.[/]"
        f"\n  Next  {step}"
    )


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
                ladders.append((ladder, level and level_called(level, list(ladder.builders))))
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


def prove_mine(
    chapter: Chapter, file: Path | None, ladder_name: str | None, level: str, seeds: int, console: Console
) -> dict[str, Any]:
    """The proofs with the reader's file in the place of a level, run in a process of its own with limits."""
    from rungs.level import mine

    level = level_called(level, ["numpy", "pytorch_lowlevel", "paper"])
    with console.status("checking your file") as status:
        return mine.proved(chapter, level, file, ladder=ladder_name, seeds=seeds, tell=status.update)


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
