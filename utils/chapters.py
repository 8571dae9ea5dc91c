"""The manifest `chapters.toml`: the chapters in order, and the tiers that group them."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

LEVELS = {
    "numpy": "NumPy",
    "pytorch_lowlevel": "low-level PyTorch",
    "paper": "paper",
    "production": "production",
}
"""The four levels: folder name -> the name that readers see."""


@dataclass(frozen=True)
class Tier:
    id: str
    title: str
    weeks: str
    goal: str


@dataclass(frozen=True)
class Chapter:
    id: str  # "03", "gan"; stable in commands
    folder: str  # "03_CNN_LeNet"
    title: str
    aliases: list[str]
    tier: str
    needs: list[str]  # ids of the chapters to read first
    concepts: list[str]
    hours: int  # estimated
    paper: str

    @property
    def path(self) -> Path:
        return ROOT / self.folder

    @property
    def is_written(self) -> bool:
        """Whether the chapter is there; otherwise it is planned."""
        return (self.path / "ladder.py").exists()

    @property
    def levels(self) -> list[str]:
        """The levels that are there."""
        return [level for level in LEVELS if any((self.path / level).glob("*.py"))]


@cache
def _manifest() -> dict:
    return tomllib.loads((ROOT / "chapters.toml").read_text(encoding="utf-8"))


def all_chapters() -> list[Chapter]:
    """Every chapter, written or planned, in the order of the curriculum."""
    return [Chapter(**entry) for entry in _manifest()["chapter"]]


def written_chapters() -> list[Chapter]:
    return [chapter for chapter in all_chapters() if chapter.is_written]


def all_tiers() -> list[Tier]:
    return [Tier(**entry) for entry in _manifest()["tier"]]


def find_chapter(name: str) -> Chapter:
    """The chapter called `name`: its id with or without the leading zero, its folder, or an alias; case is ignored.

    Raises:
        KeyError: there is none; the message suggests the nearest name, or lists all.
    """
    wanted = name.strip().strip("/").lower()
    names = {}
    for chapter in all_chapters():
        for known in (chapter.id, chapter.id.lstrip("0"), chapter.folder, *chapter.aliases):
            names[known.lower()] = chapter
    if wanted in names:
        return names[wanted]
    near = difflib.get_close_matches(wanted, names, n=1, cutoff=0.7)
    hint = (
        f"did you mean {names[near[0]].id} ({names[near[0]].title})?"
        if near
        else "chapters: " + ", ".join(c.id for c in all_chapters())
    )
    raise KeyError(f"no chapter {name!r}; {hint}")
