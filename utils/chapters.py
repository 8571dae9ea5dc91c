"""The manifest `chapters.toml`: the chapters in order, the tiers that group them, and the folders that Python imports from."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from utils.errors import ReaderError

ROOT = Path(__file__).resolve().parents[1]

LEVELS = {
    "numpy": "NumPy",
    "pytorch_lowlevel": "low-level PyTorch",
    "paper": "paper",
    "production": "production",
}
"""The four levels: folder name -> the name that readers see."""
IMPORT_ROOTS = (*LEVELS, "proofs")
"""The folders of a chapter that Python imports from: the levels, and what the ladder declares with."""


class ImportRootError(ReaderError, ImportError):
    """A module of a chapter is there, and Python does not look in its folder. The message says what to run."""


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
    writes_out: list[str] = field(default_factory=list)  # of torch.nn.functional, by hand at the low level

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
def manifest() -> dict:
    """`chapters.toml` as it is; `manifest.cache_clear()` after a change."""
    return tomllib.loads((ROOT / "chapters.toml").read_text(encoding="utf-8"))


def all_chapters() -> list[Chapter]:
    """Every chapter, written or planned, in the order of the curriculum."""
    return [Chapter(**entry) for entry in manifest()["chapter"]]


def written_chapters() -> list[Chapter]:
    return [chapter for chapter in all_chapters() if chapter.is_written]


def all_tiers() -> list[Tier]:
    return [Tier(**entry) for entry in manifest()["tier"]]


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


def import_roots(chapters: Iterable[Chapter], root: Path = ROOT) -> list[str]:
    """The folders of the chapters that Python imports from and that hold modules, relative to the repository."""
    folders = [f"{chapter.folder}/{name}" for chapter in chapters for name in IMPORT_ROOTS]
    return [folder for folder in folders if any((root / folder).glob("*.py"))]


@contextmanager
def import_roots_named() -> Iterator[None]:
    """Around an import of a chapter's modules.

    Raises:
        ImportRootError: in place of ModuleNotFoundError, where a chapter has the module.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        for folder in import_roots(all_chapters()):
            if (ROOT / folder / f"{error.name}.py").is_file():
                raise ImportRootError(
                    f"{folder}/{error.name}.py is there, but its folder is not among the import roots: "
                    f"run `rungs refresh`, then `make`"
                ) from error
        raise
