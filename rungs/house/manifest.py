"""A new entry of `chapters.toml`, at its end; what is there stays as it is, comments too."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from rungs.house.template import MARK
from utils.chapters import ROOT, Chapter, find_chapter, manifest

MANIFEST = ROOT / "chapters.toml"


def add(chapter: Chapter, name: str, path: Path = MANIFEST) -> None:
    """Append the chapter. Its name becomes an alias, if no other chapter is called so; what nobody can know yet is marked."""
    try:
        find_chapter(name)
        aliases = []
    except KeyError:
        aliases = [] if name == chapter.id else [name]
    values = asdict(chapter) | {"aliases": aliases, "paper": f"{MARK}: authors, title, year"}
    lines = [
        f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()
    ]  # which TOML reads too
    text = path.read_text(encoding="utf-8").rstrip()
    path.write_text("\n".join([text, "", "[[chapter]]", *lines]) + "\n", encoding="utf-8")
    manifest.cache_clear()
