"""`rungs read`: the guide through the production code of a chapter, pinned to symbols, with today's file and line.

`production/anchors.json` of a chapter maps a symbol to the hash of its source in the version that the guide was written for:

    {"library": "timm", "version": "1.0.31", "anchors": [
        {"symbol": "timm.models.resnet.BasicBlock.forward", "sha256": "...", "note": "where the shortcut is added"}]}
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import json
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rungs.errors import RungsError, chapter_called
from utils.chapters import Chapter, written_chapters


@dataclass(frozen=True)
class Anchor:
    symbol: str
    file: str
    line: int
    state: str  # "as read", "moved on" (its source has changed), "gone"
    note: str


def read(chapter_name: str | None, *, as_json: bool = False) -> None:
    if chapter_name is None:
        _list(as_json)
        return
    chapter = chapter_called(chapter_name)
    path = anchors_path(chapter)
    if not path.exists():
        there = ", ".join(c.id for c in written_chapters() if anchors_path(c).exists()) or "none yet"
        raise RungsError(
            f"chapter {chapter.id} ({chapter.title}) has no production reading; chapters with one: {there}"
        )
    table = json.loads(path.read_text(encoding="utf-8"))
    anchors = [locate(entry) for entry in table["anchors"]]
    installed = version(table["library"])
    if as_json:
        print(
            json.dumps(
                {"library": table["library"], "version": installed, "anchors": [asdict(a) for a in anchors]}, indent=2
            )
        )
        return
    from rich.console import Console

    console = Console(highlight=False)
    console.print(
        f"[bold]{chapter.title}[/] in {table['library']} {installed} (the guide was written for {table['version']})"
    )
    for anchor in anchors:
        colour = {"as read": "green", "moved on": "yellow", "gone": "red"}[anchor.state]
        console.print(f"  [{colour}]{anchor.state:<8}[/] {anchor.symbol}", soft_wrap=True)
        if anchor.file:
            console.print(f"           [dim]{anchor.file}:{anchor.line}[/]", soft_wrap=True)
        if anchor.note:
            console.print(f"           {anchor.note}", soft_wrap=True)
    console.print(f"Guide: {chapter.folder}/production/README.md")


def anchors_path(chapter: Chapter) -> Path:
    return chapter.path / "production" / "anchors.json"


def locate(entry: dict[str, Any]) -> Anchor:
    """Find a symbol in the library installed here, and compare its source with the one that was read."""
    note = entry.get("note", "")
    try:
        found = resolve(entry["symbol"])
        source, line = inspect.getsourcelines(found)
        file = inspect.getsourcefile(found) or ""
    except (ImportError, AttributeError, OSError, TypeError):
        return Anchor(entry["symbol"], "", 0, "gone", note)
    same = hashlib.sha256("".join(source).encode()).hexdigest() == entry["sha256"]
    return Anchor(entry["symbol"], file, line, "as read" if same else "moved on", note)


def resolve(symbol: str) -> Any:
    """ "timm.models.resnet.BasicBlock.forward" -> that function: the longest importable module, then attributes."""
    parts = symbol.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for name in parts[cut:]:
            found = getattr(found, name)
        return inspect.unwrap(found) if callable(found) else found
    raise ImportError(f"no module on the way to {symbol}")


def _list(as_json: bool) -> None:
    state = {c.id: anchors_path(c).exists() for c in written_chapters()}
    if as_json:
        print(json.dumps(state, indent=2))
        return
    there = [name for name, has_reading in state.items() if has_reading]
    print("Chapters with a production reading: " + (", ".join(there) or "none yet"))
    if there:
        print(f"Open one: rungs read {there[0]}")
