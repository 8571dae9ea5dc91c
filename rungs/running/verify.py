"""`rungs verify`: the proofs of a chapter as a table, on our levels or with the reader's own file as one of them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rungs.errors import Failed, RungsError, chapters_called, ladder_called, level_called

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from utils.chapters import Chapter
    from utils.ladder import Ladder

SHOWN = 20  # failing tensors listed without --trace
TITLES = {
    "gradients": "NumPy layers, central differences",
    "operations": "NumPy layers, torch operations",
    "levels": "levels, whole model",
    "training": "levels, 10 training steps",
    "references": "references",
    "mistakes": "planted mistakes",
    "scripts": "scripts, one batch overfitted",
}
TOLERANCES = {"gradients": 1e-6, "operations": 1e-9, "levels": 1e-9, "training": 1e-8, "references": 1e-9}  # relative
VERDICTS = {"mistakes": "each found", "scripts": "each ran"}


def verify(
    chapter_names: list[str],
    *,
    mine: bool = False,
    file: Path | None = None,
    ladder_name: str | None = None,
    level: str | None = None,
    seeds: int = 3,
    trace: bool = False,
    as_json: bool = False,
) -> None:
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


# What a report looks like


def show(report: dict[str, Any], console: Console, *, trace: bool) -> None:
    from rich.markup import escape
    from rich.padding import Padding

    console.print(f"[bold]{report['chapter']} {report['ladder']}[/]")
    console.print(Padding(summary_table(report), (0, 0, 0, 2)))
    first = report["first_divergence"]
    if first is not None:
        console.print(
            f"  [red]first divergence[/]  [bold]{escape(first['what'])}[/]  ({escape(first['subject'])})",
            soft_wrap=True,
        )
        console.print(f"    {escape(first['message'])}", soft_wrap=True)
        groups = grouped(report["findings"], "failed")
        groups = [group for group in groups if (group["what"], group["who"]) != (first["what"], who(first))]
        if not trace:
            groups = first_losses(groups)
        if groups:
            console.print("  also failing" if trace else "  also failing, largest difference of each:")
            shown = groups if trace else groups[:SHOWN]
            for group in shown:
                console.print(
                    f"    {group['difference']}  {escape(group['what'])}  [dim]{escape(group['who'])}[/]",
                    soft_wrap=True,
                )
                if group["difference"].strip() == "-":
                    console.print(f"             [dim]{escape(group['message'])}[/]", soft_wrap=True)
            if len(groups) > len(shown):
                console.print(f"    and {len(groups) - len(shown)} more; --trace lists all")
    for group in grouped(report["findings"], "not written"):
        console.print(
            f"  [yellow]not written yet[/]  {escape(group['what'])}: {escape(group['message'])}", soft_wrap=True
        )
    if trace:
        console.print(trace_table(report))
    console.print()


def summary_table(report: dict[str, Any]) -> Table:
    from rich.table import Table

    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("proof")
    table.add_column("compared", justify="right")
    table.add_column("difference", justify="right")
    table.add_column("tolerance", justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for row in report["summary"]:
        if row["failed"]:
            verdict = f"[red]{row['failed']} failed[/]"
        elif row["not_written"]:
            verdict = f"[yellow]{row['not_written']} not written[/]"
        else:
            verdict = "[green]" + VERDICTS.get(row["proof"], "equal") + "[/]"
        measured = row["proof"] in TOLERANCES
        table.add_row(
            TITLES.get(row["proof"], row["title"]),
            str(row["count"]),
            largest(report, row["proof"]) if measured else "",
            f"{TOLERANCES[row['proof']]:.0e}" if measured else "",
            verdict,
        )
    return table


def largest(report: dict[str, Any], proof: str) -> str:
    """The largest difference of a tensor that passed, but for what has a tolerance of its own: a chapter's check, a slope."""
    own = ("check ", "gradient along a direction")
    passed = [f for f in report["findings"] if f["proof"] == proof and f["status"] == "equal"]
    differences = [f["difference"] for f in passed if not f["what"].startswith(own)]
    return f"{max(differences):.1e}" if differences else ""


def who(finding: dict[str, Any]) -> str:
    """ "numpy against paper, training mode, seed 0" -> "numpy against paper": what is the same over modes and seeds."""
    head = finding["subject"].split(",")[0]
    return "" if head.startswith("seed ") else head


def grouped(findings: Iterable[dict[str, Any]], status: str) -> list[dict[str, Any]]:
    """Findings of that status, one for each tensor and level: the largest difference over modes and seeds."""
    groups: dict[tuple[str, str], dict[str, Any]] = {}
    for finding in findings:
        if finding["status"] != status:
            continue
        key = (finding["what"], who(finding))
        group = groups.setdefault(key, {"what": key[0], "who": key[1], "message": finding["message"], "worst": -1.0})
        difference = finding["difference"]
        if difference is not None and math.isfinite(difference):  # NaN where there is none to state
            group["worst"] = max(group["worst"], difference)
    for group in groups.values():
        group["difference"] = f"{group['worst']:7.1e}" if group["worst"] >= 0 else "      -"
    return list(groups.values())


def first_losses(groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of the losses at steps 1, 2, 3, ... of one level the first: once two runs part, every later loss differs."""
    kept, seen = [], set()
    for group in groups:
        if group["what"].startswith("loss at step "):
            if group["who"] in seen:
                continue
            seen.add(group["who"])
        kept.append(group)
    return kept


def trace_table(report: dict[str, Any]) -> Table:
    """Every tensor that was compared between whole models, in order of computation, with its largest difference."""
    from rich.table import Table

    found = [f for f in report["findings"] if f["proof"] in ("levels", "training", "references")]
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0), title_justify="left")
    table.add_column("  difference", justify="right")
    table.add_column("tensor", overflow="fold")
    table.add_column("", overflow="fold")
    order: dict[tuple[str, str], int] = {}
    for finding in found:
        order.setdefault((finding["what"], who(finding)), len(order))
    rows = [
        (group, colour)
        for status, colour in (("failed", "red"), ("equal", "green"))
        for group in grouped(found, status)
    ]
    for group, colour in sorted(rows, key=lambda row: order[row[0]["what"], row[0]["who"]]):
        table.add_row(f"[{colour}]{group['difference']}[/]", group["what"], f"[dim]{group['who']}[/]")
    return table


def finite(value: Any) -> Any:
    """NaN and infinities as null: they are not JSON."""
    if isinstance(value, dict):
        return {k: finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [finite(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
