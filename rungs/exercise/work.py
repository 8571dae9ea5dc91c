"""What the learner works on: an exercise, or a capstone (a whole level of a chapter), each in its folder of `my_work/`."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rungs import progress
from rungs.catalogue.exercise import Exercise
from rungs.catalogue.loading import find_exercise
from rungs.errors import RungsError
from rungs.level.files import default_folder, modules_to_write
from utils.chapters import LEVELS, Chapter, find_chapter
from utils.files import write_new

CAPSTONES = {"numpy": "numpy", "pytorch_lowlevel": "pytorch_lowlevel", "lowlevel": "pytorch_lowlevel", "paper": "paper"}
"""What a capstone's name may end with -> its level."""


@dataclass(frozen=True)
class Solution:
    """The right answer to one file of the learner's."""

    file: Path  # where it stands
    text: str


@dataclass(frozen=True)
class ExerciseWork:
    """An exercise in the learner's hands."""

    exercise: Exercise

    @property
    def id(self) -> str:
        """What progress is kept under."""
        return self.exercise.id

    @property
    def name(self) -> str:
        """What the learner types."""
        return self.exercise.alias

    @property
    def title(self) -> str:
        return self.exercise.title

    @property
    def folder(self) -> Path:
        return progress.work_folder() / self.exercise.id

    @property
    def file(self) -> Path:
        """The learner's file."""
        return self.folder / self.exercise.file_name

    @property
    def files(self) -> list[Path]:
        """Everything that `rungs start` writes, the learner's file first."""
        return [self.file, self.folder / "README.md"]

    @property
    def solutions(self) -> dict[Path, Solution]:
        """The learner's file -> the solution."""
        return {self.file: Solution(self.exercise.solution_file, self.exercise.solution)}

    @property
    def explanation(self) -> str:
        return self.exercise.explanation


@dataclass(frozen=True)
class CapstoneWork:
    """A whole level in the learner's hands."""

    chapter: Chapter
    level: str

    @property
    def id(self) -> str:
        return f"{self.chapter.id}.{self.level}"

    @property
    def name(self) -> str:
        return self.id

    @property
    def title(self) -> str:
        return f"the {LEVELS[self.level]} level of chapter {self.chapter.id}"

    @property
    def folder(self) -> Path:
        return default_folder(self.chapter, self.level)

    @property
    def files(self) -> list[Path]:
        return [self.folder / path.name for path in self._ours]

    @property
    def solutions(self) -> dict[Path, Solution]:
        return {self.folder / path.name: Solution(path, path.read_text(encoding="utf-8")) for path in self._ours}

    @property
    def _ours(self) -> Iterable[Path]:
        return modules_to_write(self.chapter, self.level).values()

    @property
    def explanation(self) -> str:
        return f"Every gradient is derived in `{self.chapter.folder}/theory.md`."


Work = ExerciseWork | CapstoneWork


def find_work(name: str | None) -> Work:
    """What is called `name`: an exercise ("01.1"), or a capstone ("03.numpy"). Without a name, what was worked on last.

    Raises:
        RungsError: there is no such thing, or nothing is begun.
    """
    name = name or progress.load().latest()
    if name is None:
        raise RungsError("no exercise is begun; `rungs exercises` lists them, `rungs start 01.0a` begins the first")
    head, _, tail = name.strip().rpartition(".")
    level = CAPSTONES.get(tail.lower())
    if level is None:
        return ExerciseWork(find_exercise(name))
    try:
        chapter = find_chapter(head)
    except KeyError as error:
        raise RungsError(str(error.args[0])) from None
    if not chapter.is_written:
        raise RungsError(f"chapter {chapter.id} ({chapter.title}) is planned and not written yet")
    return CapstoneWork(chapter, level)


def digest(path: Path) -> str:
    """By which a newer stub is recognised."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_stub(work: ExerciseWork) -> None:
    """Put stub and task into the work folder; a file that is there is never touched."""
    try:
        work.folder.mkdir(parents=True, exist_ok=True)
        for source, target in zip((work.exercise.stub, work.exercise.path / "README.md"), work.files, strict=True):
            with contextlib.suppress(FileExistsError):
                write_new(target, source.read_bytes())
    except OSError as error:
        raise RungsError(f"{work.folder} cannot be written: {error.strerror}") from None


def back_up(folder: Path, files: Iterable[Path]) -> list[Path]:
    """Move files into a dated folder of backups; returns where the code is now."""
    stamp = f"{datetime.now():%Y-%m-%d_%H%M%S}"
    target = folder / "backups" / stamp
    number = 2
    while target.exists():
        target = folder / "backups" / f"{stamp}_{number}"
        number += 1
    for file in files:
        target.mkdir(parents=True, exist_ok=True)
        shutil.move(file, target / file.name)
    return sorted(target.glob("*.py"))
