"""Other records as pages: benchmarks and the measurements of a production reading, their numbers rounded, as tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from utils.chapters import ROOT

HEAD = "---\nsearch:\n  exclude: true\n---\n"


def is_record(rel: Path) -> bool:
    """Whether a file of the repository is one: `benchmarks/<name>.json` or `<chapter>/production/results/<name>.json`."""
    benchmark = rel.match("benchmarks/*.json") and len(rel.parts) == 2
    return benchmark or (rel.match("*/production/results/*.json") and len(rel.parts) == 4)


def record_page(path: Path) -> str:
    """The page of the record at `path`, in Markdown: what was compared first, then all else that the file says."""
    record = json.loads(path.read_text(encoding="utf-8"))
    facts = {name: value for name, value in record.items() if not isinstance(value, dict)}
    inside = {name: value for name, value in record.items() if isinstance(value, dict)}
    parts = [f"# {_title(path, record)}"]
    if "contenders" in record:
        what = record["what"][0].upper() + record["what"][1:]
        parts.append(f"{what}. Ratios compare {record.get('ratio_of', 'wall time')} with that of {record['base']}.")
    tables = [name for name, value in inside.items() if _is_table(value)]
    for name in tables:
        parts += [f"## {_words(name).capitalize()}", _rows(inside[name])]
    if facts:
        parts += ["## How it was measured", _facts(facts)]
    for name in (name for name in inside if name not in tables):
        parts += [f"## {_words(name).capitalize()}", _facts(inside[name])]
    parts.append(f"The record itself: `{path.relative_to(ROOT).as_posix()}`.")
    return HEAD + "\n\n".join(parts) + "\n"


def _title(path: Path, record: dict[str, Any]) -> str:
    if "contenders" not in record:
        return f"Record: {path.stem}"
    threads = "1 thread" if record["threads"] == 1 else f"{record['threads']} threads"
    return f"Benchmark: {record['ladder']} (chapter {record['chapter']}), {threads}"


def _is_table(values: dict[str, Any]) -> bool:
    return all(isinstance(value, dict) for value in values.values())


def _rows(values: dict[str, Any]) -> str:
    """A row for each entry; where the entries are records themselves, a column for each of their fields."""
    if not _is_table(values):
        return _facts(values)
    rows = {name: _flat(row) for name, row in values.items()}
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    lines = [f"| | {' | '.join(map(_words, columns))} |", "| --- |" + " ---: |" * len(columns)]
    lines += [f"| {_cell(name)} | {' | '.join(_shown(row.get(c)) for c in columns)} |" for name, row in rows.items()]
    return "\n".join(lines)


def _flat(row: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in row.items():
        found |= _flat(value, f"{prefix}{name} ") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return found


def _facts(values: dict[str, Any]) -> str:
    rows = [f"| {_words(name)} | {_shown(value)} |" for name, value in _flat(values).items()]
    return "\n".join(["| | |", "| --- | --- |", *rows])


def _words(name: str) -> str:
    return _cell(name.replace("_", " "))


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list):
        return ", ".join(map(_shown, value)) or "none"
    return "-" if value is None else _cell(str(value))


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
