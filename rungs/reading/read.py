"""`rungs read`: the guide through the production code of a chapter, pinned to symbols, with today's file and line."""

from __future__ import annotations

import json
import textwrap
from dataclasses import asdict
from typing import Annotated, Any

import typer

from rungs.errors import Failed, RungsError
from rungs.names import chapter_called, suggestion
from rungs.options import Json
from rungs.reading.anchors import Anchor, anchors_path, chapters_with_reading, installed, load, locate, renew
from rungs.reading.symbols import find
from utils.chapters import Chapter, all_chapters

EXAMPLE = "rungs read 05 --show BasicBlock.forward"
COLOURS = {"as read": "green", "moved on": "yellow", "gone": "red"}


def read(
    chapter_name: Annotated[str | None, typer.Argument(metavar="[CHAPTER]")] = None,
    show: Annotated[
        str | None, typer.Option("--show", help="One anchor in full, ours below it: its number or the symbol's end.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Fail if the library's code has moved on; without CHAPTER, check all.")
    ] = False,
    renew_hashes: Annotated[
        bool, typer.Option("--renew", help="Take the installed code's hashes, once the guide was read against it.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Read the same model in the production library's code."""
    if chapter_name is None and not check:
        _list(as_json)
        return
    chapters = chapters_with_reading() if chapter_name is None else [_with_reading(chapter_name)]
    if show is not None:
        _show(chapters[0], show)
        return
    found: list[Anchor] = []
    for chapter in chapters:
        if renew_hashes:
            renew(anchors_path(chapter))
        table = load(anchors_path(chapter))
        anchors = [locate(entry) for entry in table["anchors"]]
        found += anchors
        if as_json:
            report = {"versions": table["versions"], "installed": installed(table)}
            print(json.dumps({**report, "anchors": [asdict(a) for a in anchors]}, indent=2))
        else:
            _print(chapter, table, anchors)
    stale = [a for a in found if a.state != "as read"]
    if check and stale:
        raise Failed(
            f"{len(stale)} of {len(found)} anchors are stale: "
            + ", ".join(f"{a.symbol} ({a.state})" for a in stale)
            + "; read the code again, mend the guide, then rungs read CHAPTER --renew"
        )


def _with_reading(name: str) -> Chapter:
    chapter = chapter_called(name, written=False)
    if not anchors_path(chapter).exists():
        chapter_called(name)  # a planned chapter has an error of its own
        there = ", ".join(c.id for c in chapters_with_reading()) or "none yet"
        raise RungsError(
            f"chapter {chapter.id} ({chapter.title}) has no production reading; chapters with one: {there}"
        )
    return chapter


def _print(chapter: Chapter, table: dict[str, Any], anchors: list[Anchor]) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    here = installed(table)
    read_in = [
        f"{name} {here[name] or 'not installed'}" + ("" if here[name] == then else f" (the guide: {then})")
        for name, then in table["versions"].items()
    ]
    console.print(f"[bold]{chapter.title}[/] in {', '.join(read_in)}")
    part = None
    for number, anchor in enumerate(anchors, 1):
        if anchor.part != part:
            part = anchor.part
            console.print(f"\n[bold]{part}[/]")
        mark = f"[{COLOURS[anchor.state]}]{anchor.state:<8}[/]"
        console.print(f"{number:>3} {mark} {anchor.symbol}", soft_wrap=True)
        if anchor.file:
            console.print(f"             [dim]{anchor.file}:{anchor.line}[/]", soft_wrap=True)
        if anchor.ours_file:
            place = f"{anchor.ours_file}:{anchor.ours_line} {anchor.ours_name}"
            console.print(f"             [dim]ours: {place}[/]", soft_wrap=True)
        if anchor.note:
            console.print(f"             {anchor.note}", soft_wrap=True, markup=False)
    stale = sum(anchor.state != "as read" for anchor in anchors)
    console.print(
        f"\n{stale} of {len(anchors)} anchors have moved on since the guide was written."
        if stale
        else f"\nAll {len(anchors)} anchors are as the guide read them."
    )
    console.print(f"Guide: {chapter.folder}/production/README.md; one of them beside ours: --show NUMBER")


def _show(chapter: Chapter, wanted: str) -> None:
    """One symbol in full, and ours below it, both with their line numbers."""
    from rich.console import Console
    from rich.syntax import Syntax

    chosen = _chosen(load(anchors_path(chapter))["anchors"], wanted)
    line = locate(chosen).line
    console = Console(highlight=False)
    console.print(f"[bold]{chosen['symbol']}[/]: {chosen.get('note', '')}", soft_wrap=True)
    for symbol in filter(None, (chosen["symbol"], chosen.get("ours"))):
        source = find(symbol)
        if source is None:
            console.print(f"{symbol} is not there", soft_wrap=True)
            continue
        marked = {line} if symbol == chosen["symbol"] and chosen.get("at") else set()
        console.print(f"\n[dim]{source.file}:{source.line}[/]", soft_wrap=True)
        text = Syntax(
            textwrap.dedent(source.text).rstrip(),
            "python",
            line_numbers=True,
            start_line=source.line,
            highlight_lines=marked,
            background_color="default",
            word_wrap=True,
        )
        console.print(text)


def _chosen(anchors: list[dict[str, Any]], wanted: str) -> dict[str, Any]:
    if wanted.isdigit():
        if not 1 <= int(wanted) <= len(anchors):
            raise RungsError(f"no anchor {wanted}: they are numbered from 1 to {len(anchors)}")
        return anchors[int(wanted) - 1]
    fitting = [entry for entry in anchors if f".{entry['symbol']}".lower().endswith(f".{wanted.lower()}")]
    if not fitting:
        known = [".".join(entry["symbol"].split(".")[-2:]) for entry in anchors]
        raise RungsError(f"no anchor {wanted!r}{suggestion(wanted, list(dict.fromkeys(known)))}")
    return fitting[0]


def _list(as_json: bool) -> None:
    state = {c.id: anchors_path(c).exists() for c in all_chapters() if c.is_written or anchors_path(c).exists()}
    if as_json:
        print(json.dumps(state, indent=2))
        return
    there = [name for name, has_reading in state.items() if has_reading]
    print("Chapters with a production reading: " + (", ".join(there) or "none yet"))
    if there:
        print(f"Open one: rungs read {there[0]}")
