"""What the learner has done: one JSON file in `my_work/`, which survives a kill at any moment and two terminals at once.

Writing happens under a file lock, to a file beside it that then takes its place. A file that cannot be read is kept aside,
never overwritten. The learner's work lies in the same folder; it is git-ignored, so no update of the repository touches it.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from rungs.errors import RungsError
from utils.chapters import ROOT
from utils.files import write_atomic

VERSION = 1
HINTS = 3
"""Hints of an exercise."""


class ProgressError(RungsError):
    """The progress file or its folder cannot be used; the message says what to do."""


@dataclass
class Entry:
    """One exercise or capstone. Times are local, ISO 8601; an empty one means that it has not happened."""

    started: str = ""
    touched: str = ""  # last start, check, hint, solution or reset
    stub: str = ""  # sha256 of the stub that the learner's file was copied from
    told: str = ""  # sha256 of the newer stub that the learner was told about
    checks: int = 0
    passed: str = ""
    hints: int = 0
    solution: str = ""  # when the solution was seen
    status: str = ""  # of the last check
    mistake: str = ""  # the misconception that the last check recognised
    explained: list[str] = field(default_factory=list)  # misconceptions given as a hint

    def begin(self) -> None:
        """It is worked on now; the first time is its start."""
        self.touched = now()
        self.started = self.started or self.touched


@dataclass
class Progress:
    entries: dict[str, Entry] = field(default_factory=dict)  # by exercise id, or capstone id such as "03.numpy"
    cards: dict[str, dict[str, Any]] = field(
        default_factory=dict
    )  # by question, such as "01/bias-sum": rungs.quiz.schedule

    def entry(self, name: str) -> Entry:
        """The entry of an exercise, made when there is none."""
        return self.entries.setdefault(name, Entry())

    def is_done(self, name: str) -> bool:
        return bool(self.entries.get(name, Entry()).passed)

    def is_started(self, name: str) -> bool:
        return bool(self.entries.get(name, Entry()).started)

    def started(self) -> bool:
        """Whether anything at all was begun."""
        return any(entry.started for entry in self.entries.values())

    def latest(self) -> str | None:
        """What was worked on last: of what is not done, if there is any."""
        begun = [name for name, entry in self.entries.items() if entry.started]
        return max(begun, key=lambda name: (not self.is_done(name), self.entries[name].touched), default=None)


def now() -> str:
    return datetime.now().isoformat(timespec="microseconds")


def work_folder() -> Path:
    """Where the learner's work lies: `my_work/` of the repository, or what RUNGS_WORK names."""
    return Path(os.environ.get("RUNGS_WORK") or ROOT / "my_work").absolute()


def _file() -> Path:
    return work_folder() / "progress.json"


def load() -> Progress:
    """The progress as it stands; empty where nothing was begun.

    Raises:
        ProgressError: the file or its folder cannot be read or written.
    """
    try:
        return _parse(_file().read_bytes())
    except FileNotFoundError:
        return Progress()
    except ValueError:
        with _locked():
            return _read_or_put_aside()
    except OSError as error:
        raise ProgressError(f"the progress file {_file()} cannot be read: {error.strerror}") from None


@contextlib.contextmanager
def change() -> Iterator[Progress]:
    """Read, change and write the progress, while no other terminal can. Nothing is written when the block raises."""
    with _locked():
        progress = _read_or_put_aside()
        yield progress
        _write(progress)


def _parse(data: bytes) -> Progress:
    """Raises ValueError for anything that `_write` did not write."""
    try:
        tree = json.loads(data)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(tree, dict) or not isinstance(tree.get("exercises"), dict):
        raise ValueError("not a progress file")
    if tree.get("version", VERSION) != VERSION:
        raise ValueError(f"it is of version {tree['version']!r}, and this Rungs knows {VERSION}")
    names = {f.name: type(f.default) if f.name != "explained" else list for f in fields(Entry)}
    entries = {}
    for key, value in tree["exercises"].items():
        if not isinstance(value, dict) or any(k in names and type(v) is not names[k] for k, v in value.items()):
            raise ValueError(f"the entry of {key} is not as it should be")
        entries[key] = entry = Entry(**{k: v for k, v in value.items() if k in names})
        if not (0 <= entry.hints <= HINTS and entry.checks >= 0 and all(isinstance(m, str) for m in entry.explained)):
            raise ValueError(f"the entry of {key} is not as it should be")
    cards = tree.get("cards", {})
    if not isinstance(cards, dict) or not all(isinstance(card, dict) for card in cards.values()):
        raise ValueError("the record of the questions is not as it should be")
    return Progress(entries, cards)


def _read_or_put_aside() -> Progress:
    """Under the lock: the progress; an unreadable file is renamed and the learner told."""
    path = _file()
    try:
        return _parse(path.read_bytes())
    except FileNotFoundError:
        return Progress()
    except ValueError as error:
        aside = path.with_name(f"progress.unreadable-{datetime.now():%Y%m%d-%H%M%S-%f}.json")
        path.rename(aside)
        print(
            f"note: {path} could not be read ({error}). It is kept as {aside.name}; your answers are untouched, and progress "
            "begins anew.",
            file=sys.stderr,
        )
        return Progress()
    except OSError as error:
        raise ProgressError(f"the progress file {path} cannot be read: {error.strerror}") from None


def _write(progress: Progress) -> None:
    path = _file()
    entries = {name: asdict(entry) for name, entry in progress.entries.items()}
    tree = {"version": VERSION, "exercises": entries, "cards": progress.cards}
    try:
        write_atomic(path, (json.dumps(tree, indent=2) + "\n").encode())
    except OSError as error:
        raise ProgressError(f"the progress cannot be written to {path}: {error.strerror}") from None


@contextlib.contextmanager
def _locked() -> Iterator[None]:
    """Wait for the lock of the work folder, which the operating system gives back should this process die."""
    folder = work_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / ".progress.lock").open("a+b")
    except OSError as error:
        raise ProgressError(
            f"the folder for your work, {folder}, cannot be written: {error.strerror}; set RUNGS_WORK to another folder"
        ) from None
    with file:
        if sys.platform == "win32":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            if sys.platform == "win32":
                import msvcrt

                file.seek(0)
                msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)
