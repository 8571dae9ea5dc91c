"""`rungs read`: the guide through the production code of a chapter, pinned to symbols, with today's file and line.

`production/anchors.json` of a chapter says what the guide speaks of, and what it was when the guide was written:

    {"versions": {"timm": "1.0.31"},
     "anchors": [{"part": "The block", "symbol": "timm.models.resnet.BasicBlock.forward", "at": "x += shortcut",
                  "ours": "resnet_paper.Block.forward", "note": "the shortcut is added in place", "sha256": "..."}]}

`at` is optional: a few words that stand in one line of the symbol. The hash is of the code alone: comments, docstrings and
blank lines may change. Sources are found and parsed, never imported, so that the command answers at once.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import io
import json
import os
import textwrap
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from rungs.errors import Failed, RungsError, chapter_called, suggestion
from utils.chapters import ROOT, Chapter, all_chapters

COLOURS = {"as read": "green", "moved on": "yellow", "gone": "red"}


@dataclass(frozen=True)
class Source:
    """A class, function or module-level name as it stands in a file."""

    file: Path
    line: int  # its first line, decorators included
    text: str
    name: str  # "Block.forward": within its file


@dataclass(frozen=True)
class Anchor:
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


def read(
    chapter_name: str | None,
    *,
    show: str | None = None,
    check: bool = False,
    renew_hashes: bool = False,
    as_json: bool = False,
) -> None:
    """List the anchors of a chapter; or `show` one beside ours, `check` that none is stale, or renew the hashes."""
    if chapter_name is None and not check:
        _list(as_json)
        return
    chapters = chapters_with_reading() if chapter_name is None else [_with_reading(chapter_name)]
    if show is not None:
        _show(chapters[0], show)
        return
    found = {}
    for chapter in chapters:
        if renew_hashes:
            renew(anchors_path(chapter))
        table = load(anchors_path(chapter))
        found[chapter.id] = [locate(entry) for entry in table["anchors"]]
        if as_json:
            report = {"versions": table["versions"], "installed": installed(table)}
            print(json.dumps({**report, "anchors": [asdict(a) for a in found[chapter.id]]}, indent=2))
        else:
            _print(chapter, table, found[chapter.id])
    stale = [a for anchors in found.values() for a in anchors if a.state != "as read"]
    if check and stale:
        raise Failed(
            f"{len(stale)} of {sum(map(len, found.values()))} anchors are stale: "
            + ", ".join(f"{a.symbol} ({a.state})" for a in stale)
            + "; read the code again, mend the guide, then rungs read CHAPTER --renew"
        )


def anchors_path(chapter: Chapter) -> Path:
    return chapter.path / "production" / "anchors.json"


def chapters_with_reading() -> list[Chapter]:
    return [chapter for chapter in all_chapters() if anchors_path(chapter).exists()]


def _with_reading(name: str) -> Chapter:
    chapter = chapter_called(name, written=False)
    if not anchors_path(chapter).exists():
        chapter_called(name)  # a planned chapter has an error of its own
        there = ", ".join(c.id for c in chapters_with_reading()) or "none yet"
        raise RungsError(
            f"chapter {chapter.id} ({chapter.title}) has no production reading; chapters with one: {there}"
        )
    return chapter


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
    found = {}
    for library in table["versions"]:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            found[library] = ""
    return found


# Where a symbol stands


def locate(entry: dict[str, Any]) -> Anchor:
    """Find a symbol in the library installed here, and compare its source with the one that was read."""
    ours = find(entry["ours"]) if entry.get("ours") else None
    rest = {
        "note": entry.get("note", ""),
        "ours": entry.get("ours", ""),
        "ours_file": os.path.relpath(ours.file, ROOT).replace(os.sep, "/") if ours else "",
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


def find(symbol: str) -> Source | None:
    """ "timm.models.resnet.BasicBlock.forward" -> its source: the longest path to a file, then names within it."""
    module, names = _module(symbol.split("."))
    if module is None:
        return None
    try:
        text, tree = _parsed(module, module.stat().st_mtime_ns)
    except (OSError, SyntaxError, UnicodeDecodeError):
        return None
    body: Iterable[ast.stmt] = tree.body
    node: ast.stmt | None = None
    for name in names:
        node = next((n for n in _statements(body) if name in _names(n)), None)
        if node is None:
            return None
        body = node.body if isinstance(node, ast.ClassDef) else ()
    if node is None:
        return Source(module, 1, text, "")
    first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
    lines = text.splitlines(keepends=True)[first - 1 : node.end_lineno]
    return Source(module, first, "".join(lines), ".".join(names))


@lru_cache(maxsize=64)
def _parsed(file: Path, _changed: int) -> tuple[str, ast.Module]:
    text = file.read_text(encoding="utf-8")
    return text, ast.parse(text)


def _module(parts: list[str]) -> tuple[Path | None, list[str]]:
    """The file of the longest module on the way, and the names that are left. Nothing of a package is executed."""
    try:
        spec = importlib.util.find_spec(parts[0])
    except (ImportError, ValueError):
        spec = None
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return None, parts
    file, rest = Path(spec.origin), parts[1:]
    while rest and file.name == "__init__.py":
        folder, name = file.parent, rest[0]
        if (folder / f"{name}.py").is_file():
            file = folder / f"{name}.py"
        elif (folder / name / "__init__.py").is_file():
            file = folder / name / "__init__.py"
        else:
            break
        rest = rest[1:]
    return file, rest


def _statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a body, those under `if` and `try` too."""
    for node in body:
        yield node
        if isinstance(node, (ast.If, ast.Try)):
            yield from _statements(node.body)
            yield from _statements(node.orelse)


def _names(node: ast.stmt) -> list[str]:
    if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]


def fingerprint(source: str) -> str:
    """SHA-256 of the code: without comments, docstrings, blank lines, trailing blanks and common indentation."""
    source = textwrap.dedent(source)
    lines = source.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and ast.get_docstring(
            node, clean=False
        ):
            text = node.body[0]
            lines[text.lineno - 1 : text.end_lineno] = [""] * ((text.end_lineno or text.lineno) - text.lineno + 1)
    code = "\n".join(line.rstrip() for line in lines if line.strip())
    return hashlib.sha256(code.encode()).hexdigest()


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
        if entry.get("ours") and find(entry["ours"]) is None:
            raise RungsError(f"our {entry['ours']} is not there, beside {entry['symbol']}")
        entry["sha256"] = fingerprint(source.text)
    table["versions"] = installed(table)
    draft = path.with_name(f".{path.name}.new")
    draft.write_text(json.dumps(table, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(draft, path)


# What readers see


def anchors_table(chapter: Chapter, folder: Path) -> str:
    """The anchors as Markdown tables, one for each part. Line numbers are left to `rungs read`, for they move."""
    lines, part = [], None
    for entry in load(anchors_path(chapter))["anchors"]:
        if entry.get("part") != part:
            part = entry.get("part")
            lines += ["", f"**{part}**", "", "| there | here | |", "| --- | --- | --- |"]
        ours = find(entry["ours"]) if entry.get("ours") else None
        here = f"[`{ours.name}`]({os.path.relpath(ours.file, folder).replace(os.sep, '/')})" if ours else ""
        at = f", at `{entry['at'].strip()}`" if entry.get("at") else ""
        lines.append(f"| `{entry['symbol']}`{at} | {here} | {entry.get('note', '')} |".replace("|  |", "| |"))
    return "\n".join(lines)


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

    anchors = load(anchors_path(chapter))["anchors"]
    chosen = _chosen(anchors, wanted)
    console = Console(highlight=False)
    console.print(f"[bold]{chosen['symbol']}[/]: {chosen.get('note', '')}", soft_wrap=True)
    for symbol in filter(None, (chosen["symbol"], chosen.get("ours"))):
        source = find(symbol)
        if source is None:
            console.print(f"{symbol} is not there", soft_wrap=True)
            continue
        anchor = locate(chosen)
        marked = {anchor.line} if symbol == chosen["symbol"] and chosen.get("at") else set()
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
