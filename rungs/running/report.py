"""What `rungs verify` shows of a report: a table of the proofs, the first divergence, what else fails."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from utils.parity.tolerances import GRADIENT_RTOL, RTOL, TRAIN_RTOL

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

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
TOLERANCES = {  # relative
    "gradients": GRADIENT_RTOL,
    "operations": RTOL,
    "levels": RTOL,
    "training": TRAIN_RTOL,
    "references": RTOL,
}
VERDICTS = {"mistakes": "each found", "scripts": "each ran"}


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


def show_reach(reach: dict[str, Any], console: Console) -> None:
    """How many functions of the learner's files ran in the proofs, and which did not."""
    colour = "yellow" if reach["not_run"] else "green"
    console.print(
        f"[{colour}]functions and methods of your files that ran in the proofs: {reach['ran']} of {reach['of']}[/]"
    )
    for name in reach["not_run"][:SHOWN]:
        console.print(f"  [yellow]never ran[/]  {name}", soft_wrap=True)
    if len(reach["not_run"]) > SHOWN:
        console.print(f"  and {len(reach['not_run']) - SHOWN} more; --json lists all")


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
    """Every tensor that was compared between whole models with its largest difference: those that failed first, each in
    order of computation."""
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
    for group, colour in sorted(rows, key=lambda row: (row[1] != "red", order[row[0]["what"], row[0]["who"]])):
        table.add_row(f"[{colour}]{group['difference']}[/]", group["what"], f"[dim]{group['who']}[/]")
    return table
