"""Tables of results: one for each question of a chapter, with runs as rows and paper, ours, target as columns.

`results.toml` of a chapter says which receipts answer a question, in the order of the rows:

    [ablations]
    "1 head" = "ablation_heads1"

    [degradation]
    "plain, 20 layers" = { train = "plain20_train", test = "plain20_test" }

A row is a receipt, or several that are measured on different splits and stand beside each other. `<!-- generated: results
ablations -->` shows such a table, and `<!-- generated: receipts -->` the receipts that are in none.
"""

from __future__ import annotations

import os
import statistics
import tomllib
from collections.abc import Mapping
from pathlib import Path

from rungs.errors import RungsError
from rungs.names import suggestion
from utils.chapters import ROOT, Chapter
from utils.receipts import Receipt, number, read_receipts

Row = dict[str, Receipt]
"""Column -> receipt; the column of a row with one receipt is called "ours"."""


def read_tables(chapter: Chapter) -> dict[str, dict[str, Row]]:
    """Table -> label of the row -> the row.

    Raises:
        RungsError: results.toml cannot be read, or names a receipt that is not there.
    """
    path = chapter.path / "results.toml"
    if not path.exists():
        return {}
    where = path.relative_to(ROOT).as_posix()
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise RungsError(f"{where}: {error}") from None
    there = {receipt.name: receipt for receipt in read_receipts(chapter.path)}
    tables: dict[str, dict[str, Row]] = {}
    for table, rows in given.items():
        for label, names in rows.items():
            row = tables.setdefault(table, {}).setdefault(label, {})
            for column, name in ({"ours": names} if isinstance(names, str) else names).items():
                if name not in there:
                    raise RungsError(f"{where}: {table}: no receipt {name!r}{suggestion(name, list(there))}")
                row[column] = there[name]
    return tables


def results_table(chapter: Chapter, name: str, folder: Path) -> str:
    """The table of that name; links lead from a page in `folder`.

    Raises:
        RungsError: results.toml has no such table.
    """
    tables = read_tables(chapter)
    if name not in tables:
        raise RungsError(f"{chapter.folder}/results.toml has no table {name!r}; it has {', '.join(tables) or 'none'}")
    return render(tables[name], folder)


def other_results(chapter: Chapter, folder: Path) -> str:
    """A table of the receipts that are in no table of results.toml, each with what it measures."""
    placed = {r.name for rows in read_tables(chapter).values() for row in rows.values() for r in row.values()}
    groups: dict[tuple[str, str], dict[str, Row]] = {}
    for receipt in read_receipts(chapter.path):
        if receipt.name not in placed:
            groups.setdefault((receipt.metric, receipt.unit), {})[receipt.title] = {"ours": receipt}
    return "\n\n".join(render(rows, folder) for rows in groups.values()) or "Not run yet."


def all_results(chapter: Chapter, folder: Path) -> str:
    """Every receipt of the chapter in a line, with what it measures; links lead from a page in `folder`."""
    lines = ["| receipt | measured | paper | ours | target |", "| --- | --- | ---: | ---: | --- |"]
    for r in read_receipts(chapter.path):
        paper = "-" if r.paper_value is None else number(r.paper_value)
        link = f"[{r.name}]({os.path.relpath(r.path, folder)})"
        lines.append(f"| {link} | {measure(r)} | {paper} | {_value(r)} | {_target(r)} |")
    return "\n".join(lines) if len(lines) > 2 else "Not run yet."


def measure(receipt: Receipt) -> str:
    return f"{receipt.metric} in {receipt.unit}" if receipt.unit else receipt.metric


def render(rows: Mapping[str, Row], folder: Path) -> str:
    """One table: what is measured, on what and how long, above it; where the numbers come from folded below it."""
    receipts = [receipt for row in rows.values() for receipt in row.values()]
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    paper = any(receipt.paper_value is not None for receipt in receipts)
    target = any(receipt.target for receipt in receipts)
    heads = ["run", *(["paper"] if paper else []), *columns, *(["target"] if target else [])]
    lines = [f"| {' | '.join(heads)} |", "| --- |" + " ---: |" * (len(heads) - 1 - target) + " :-- |" * target]
    for label, row in rows.items():
        first = next(iter(row.values()))
        cells = [label.replace("|", "\\|")]
        cells += [number(first.paper_value) if first.paper_value is not None else "-"] if paper else []
        cells += [_value(row[column]) if column in row else "-" for column in columns]
        cells += [_target(first)] if target else []
        lines.append(f"| {' | '.join(cells)} |")
    return "\n\n".join([_above(receipts, columns), "\n".join(lines), _below(rows, folder)])


def _value(receipt: Receipt) -> str:
    """ "92.5 ± 1.2", with the number of seeds where there is one: "45.5 (1 seed)"."""
    if receipt.counts_successes:
        return receipt.summary
    if receipt.std is None:
        return number(receipt.mean)
    return f"{number(receipt.mean)} ± {receipt.std:.2g}"


def _target(receipt: Receipt) -> str:
    if receipt.target is None:
        return "-"
    verdict = {True: ", met", False: ", **missed**", None: ""}[receipt.met]
    return f"{receipt.target.text}{verdict}"


def _above(receipts: list[Receipt], columns: list[str]) -> str:
    """What was measured, data, seeds, hardware and time, each said once."""
    units = {measure(receipt) for receipt in receipts}
    measured = sorted(units) if len(columns) == 1 else [f"error in {receipts[0].unit}"]
    data = dict.fromkeys(receipt.dataset.partition(" (sha256")[0] for receipt in receipts)
    seeds = sorted({len(receipt.values) for receipt in receipts})
    by_time = sorted(receipts, key=lambda receipt: statistics.fmean(receipt.wall_time_s.values()))
    spent = dict.fromkeys((by_time[0].cost, by_time[-1].cost))
    machines = dict.fromkeys(machine(receipt) for receipt in receipts)
    counted = "1 seed" if seeds == [1] else f"{' or '.join(map(str, seeds))} seeds, mean ± standard deviation"
    return (
        f"Measured: {'; '.join(measured)}. Data: {'; '.join(data)}. {counted[0].upper()}{counted[1:]}. "
        f"{'; '.join(machines)}; {' to '.join(spent)} for each seed."
    )


def machine(receipt: Receipt) -> str:
    """ "NVIDIA H100, 1 of them", or the processor with the threads that were used."""
    gpus = receipt.hardware.get("gpu") or []
    if gpus:
        return f"{len(gpus)} × {gpus[0]}"
    threads = receipt.hardware.get("threads")
    return f"{receipt.hardware.get('cpu', 'processor unknown')}" + (f", threads: {threads}" if threads else "")


def _below(rows: Mapping[str, Row], folder: Path) -> str:
    lines = ['<details markdown="1">', "<summary>Receipts: how each number was made</summary>", ""]
    for label, row in rows.items():
        links = ", ".join(f"[{r.name}]({os.path.relpath(r.path, folder)})" for r in row.values())
        first = next(iter(row.values()))
        about = [f"{first.steps:,} steps", f"seeds {', '.join(map(str, first.seeds))}" if len(first.seeds) < 5 else ""]
        about += [f"paper: {first.paper_where}" if first.paper_value is not None else ""]
        lines.append(f"- {label}: {links}. {'; '.join(filter(None, about))}.")
    return "\n".join([*lines, "", "</details>"])


def reproduction(chapter: Chapter, folder: Path) -> str:
    """In one line, how many targets are met, and which are not."""
    receipts = read_receipts(chapter.path)
    judged = [receipt for receipt in receipts if receipt.met is not None]
    missed = [receipt.title for receipt in judged if not receipt.met]
    link = f"[results]({os.path.relpath(chapter.path / 'results.md', folder)})"
    if not receipts:
        return f"**Reproduced:** nothing yet ({link})."
    if not judged:
        return f"**Reproduced:** {len(receipts)} results are recorded, none of them has a target ({link})."
    met = f"{len(judged) - len(missed)} of {len(judged)} targets met"
    return f"**Reproduced:** {met}{'; missed: ' + ', '.join(missed) if missed else ''} ({link})."
