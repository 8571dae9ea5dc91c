"""A receipt as a page: the numbers rounded, then how they were made and how to make them again."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

from rungs.pages.results import machine, measure
from utils.chapters import LEVELS, ROOT, find_chapter
from utils.receipts import Receipt, duration, number, read_receipt

HEAD = "---\nsearch:\n  exclude: true\n---\n"


def is_receipt(rel: Path) -> bool:
    """Whether a file of the repository is a receipt: `<chapter>/paper/results/<name>.json`."""
    return rel.match("*/paper/results/*.json") and len(rel.parts) == 4


def receipt_page(path: Path) -> str:
    """The page of the receipt at `path`, in Markdown."""
    receipt = read_receipt(path)
    chapter = find_chapter(receipt.chapter)
    parts = [
        f"# Receipt: {receipt.title}",
        f"{measure(receipt).capitalize()}: **{receipt.summary}**. Chapter [{chapter.id} {chapter.title}](../../README.md), "
        f"{LEVELS[receipt.level]} level, ladder `{receipt.ladder}`.",
    ]
    if receipt.uncommitted:
        parts.append(
            '!!! warning "Uncommitted changes"\n\n    The code differed from the commit below when this ran: the commit alone '
            "may not give this number."
        )
    parts += [_judged(receipt), "## Seeds", _seeds(receipt), "## How it was made", _made(receipt)]
    parts += ["## Run it again", _again(receipt), "## Configuration", _table("setting", receipt.config)]
    parts += ["## Versions", _table("package", receipt.versions)]
    if receipt.notes:
        parts += ["## Notes", "\n".join(f"- {note.strip()}" for note in receipt.notes.split("; "))]
    return HEAD + "\n\n".join(parts) + "\n"


def _judged(receipt: Receipt) -> str:
    paper = "none" if receipt.paper_value is None else f"{number(receipt.paper_value)} {receipt.unit}".strip()
    verdict = {True: "met", False: "missed", None: "-"}[receipt.met]
    where = receipt.paper_where or "-"
    return (
        f"| paper | where | target | verdict |\n| --- | --- | --- | --- |\n"
        f"| {_cell(paper)} | {_cell(where)} | {_cell(receipt.target.text if receipt.target else 'none set')} | {verdict} |"
    )


def _seeds(receipt: Receipt) -> str:
    lines = [f"| seed | {_cell(measure(receipt))} | time |", "| ---: | ---: | ---: |"]
    lines += [f"| {s} | {number(receipt.values[s])} | {duration(receipt.wall_time_s[s])} |" for s in receipt.seeds]
    if receipt.std is not None:
        mean = statistics.fmean(receipt.wall_time_s.values())
        lines.append(f"| mean | {number(receipt.mean)} ± {receipt.std:.2g} | {duration(mean)} |")
    return "\n".join(lines)


def _made(receipt: Receipt) -> str:
    hardware = machine(receipt)
    if cores := receipt.hardware.get("cores"):
        hardware += f", cores: {cores}"
    if memory := receipt.hardware.get("memory_gib"):
        hardware += f", memory: {memory} GiB"
    commit = f"`{receipt.commit.id[:12]}`" if receipt.commit.id else "not recorded"
    facts = {
        "data": receipt.dataset,
        "optimizer steps": f"{receipt.steps:,} for each seed",
        "hardware": hardware,
        "commit": commit + (", with uncommitted changes" if receipt.uncommitted else ""),
        "date": receipt.created.isoformat(),
    }
    return "\n".join(f"- {name}: {fact}" for name, fact in facts.items())


def _again(receipt: Receipt) -> str:
    seeds = ",".join(map(str, receipt.seeds))
    command = f"rungs reproduce {receipt.chapter} --only {receipt.name} --seeds {seeds}"
    return f"```sh\n{command}\n```\n\nThe record itself: `{receipt.path.relative_to(ROOT).as_posix()}`."


def _table(head: str, values: dict[str, Any]) -> str:
    lines = [f"| {head} | value |", "| --- | --- |"]
    lines += [f"| `{name}` | {_cell(_shown(value))} |" for name, value in values.items()]
    return "\n".join(lines)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list):
        return ", ".join(map(_shown, value)) or "none"
    return "none" if value is None else str(value)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
