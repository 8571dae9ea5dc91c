"""The anchors of a production reading: symbols of the libraries, pinned to what they were when the guide was written.

`production/anchors.json` of a chapter says what the guide speaks of:

    {"versions": {"timm": "1.0.31"},
     "anchors": [{"part": "The block", "symbol": "timm.models.resnet.BasicBlock.forward", "at": "x += shortcut",
                  "ours": "resnet_paper.Block.forward", "note": "the shortcut is added in place", "sha256": "..."}]}

`at` is optional: a few words that stand in one line of the symbol. The hash is of the code alone: comments, docstrings and
blank lines may change.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rungs.errors import RungsError
from rungs.reading.symbols import Source, find, fingerprint
from utils.chapters import ROOT, Chapter, all_chapters


@dataclass(frozen=True)
class Anchor:
    """An entry of the table, and where its symbol stands today."""

    part: str  # heading of the guide that it belongs to
    symbol: str
    file: str
    line: int
    state: str  # "as read", "moved on" (its source has changed), "gone"
    note: str
    ours: str  # the symbol of ours that does the same; "" where there is none
    ours_file: str  # relative to the repository
    ours_line: int
    ours_name: str


def anchors_path(chapter: Chapter) -> Path:
    return chapter.path / "production" / "anchors.json"


def chapters_with_reading() -> list[Chapter]:
    return [chapter for chapter in all_chapters() if anchors_path(chapter).exists()]


def load(path: Path) -> dict[str, Any]:
    """The table of anchors.

    Raises:
        RungsError: it cannot be read, or an entry lacks its symbol or its hash.
    """
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        for entry in table["anchors"]:
            _ = entry["symbol"], entry["sha256"]
        _ = table["versions"].items()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RungsError(f"{path.parent.parent.name}/production/{path.name} cannot be read: {error!r}") from None
    return table


def installed(table: dict[str, Any]) -> dict[str, str]:
    """Library -> the version installed here, "" where it is not."""
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for library in table["versions"]:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            found[library] = ""
    return found


def locate(entry: dict[str, Any]) -> Anchor:
    """Find a symbol in the library installed here, and compare its source with the one that was read."""
    ours = _ours(entry)
    rest = {
        "note": entry.get("note", ""),
        "ours": entry.get("ours", ""),
        "ours_file": _relative(ours.file, ROOT) if ours else "",
        "ours_line": ours.line if ours else 0,
        "ours_name": ours.name if ours else "",
    }
    source = find(entry["symbol"])
    if source is None:
        return Anchor(entry.get("part", ""), entry["symbol"], "", 0, "gone", **rest)
    line, state = source.line, "as read" if fingerprint(source.text) == entry["sha256"] else "moved on"
    if words := entry.get("at"):
        lines = [i for i, text in enumerate(source.text.splitlines()) if words in text]
        if len(lines) == 1:
            line += lines[0]
        else:
            state = "moved on"
    return Anchor(entry.get("part", ""), entry["symbol"], str(source.file), line, state, **rest)


def _ours(entry: dict[str, Any]) -> Source | None:
    return find(entry["ours"]) if entry.get("ours") else None


def _relative(file: Path, folder: Path) -> str:
    return os.path.relpath(file, folder).replace(os.sep, "/")


def renew(path: Path) -> None:
    """After the guide was read against the installed code again: take its hashes and versions.

    Raises:
        RungsError: a symbol is gone, or the words of `at` do not stand in exactly one of its lines.
    """
    table = load(path)
    for entry in table["anchors"]:
        source = find(entry["symbol"])
        if source is None:
            raise RungsError(f"{entry['symbol']} is not there any more: rename or remove its anchor first")
        places = source.text.count(entry["at"]) if entry.get("at") else 1
        if places != 1:
            raise RungsError(f"{entry['at']!r} stands {places} times in {entry['symbol']}, and must stand there once")
        if entry.get("ours") and _ours(entry) is None:
            raise RungsError(f"our {entry['ours']} is not there, beside {entry['symbol']}")
        entry["sha256"] = fingerprint(source.text)
    table["versions"] = installed(table)
    draft = path.with_name(f".{path.name}.new")
    draft.write_text(json.dumps(table, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(draft, path)


def anchors_table(chapter: Chapter, folder: Path) -> str:
    """The anchors as Markdown tables, one for each part. Line numbers are left to `rungs read`, for they move."""
    lines, part = [], None
    for entry in load(anchors_path(chapter))["anchors"]:
        if entry.get("part") != part:
            part = entry.get("part")
            lines += ["", f"**{part}**", "", "| there | here | |", "| --- | --- | --- |"]
        ours = _ours(entry)
        here = f"[`{ours.name}`]({_relative(ours.file, folder)})" if ours else ""
        at = f", at `{entry['at'].strip()}`" if entry.get("at") else ""
        lines.append(f"| `{entry['symbol']}`{at} | {here} | {entry.get('note', '')} |".replace("|  |", "| |"))
    return "\n".join(lines)
