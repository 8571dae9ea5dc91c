"""What a reader typed as a chapter, a ladder or a level; an unknown name is an error that suggests the nearest."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from rungs.errors import RungsError
from utils.chapters import Chapter, find_chapter, written_chapters

if TYPE_CHECKING:
    from utils.ladder import Ladder


def chapter_called(name: str, *, written: bool = True) -> Chapter:
    """The chapter of that name; with `written`, one that is there and not only planned."""
    try:
        chapter = find_chapter(name)
    except KeyError as error:
        raise RungsError(str(error.args[0])) from None
    if written and not chapter.is_written:
        there = ", ".join(c.id for c in written_chapters()) or "none yet"
        raise RungsError(f"chapter {chapter.id} ({chapter.title}) is planned and not written yet; written: {there}")
    return chapter


def chapters_called(names: list[str]) -> list[Chapter]:
    """The chapters of those names, each once, in the given order; "all" stands for every written one."""
    found: dict[str, Chapter] = {}
    for name in names:
        for chapter in written_chapters() if name.lower() == "all" else [chapter_called(name)]:
            found[chapter.id] = chapter
    if not found:
        raise RungsError("no chapter is written yet; `rungs` shows the plan")
    return list(found.values())


def ladder_called(ladders: dict[str, Ladder], name: str | None, chapter: Chapter) -> Ladder:
    """The ladder of that name in a chapter; without a name, the first."""
    if name is None:
        return next(iter(ladders.values()))
    if name not in ladders:
        raise RungsError(f"chapter {chapter.id} has no ladder {name!r}{suggestion(name, list(ladders))}")
    return ladders[name]


def level_called(name: str, levels: list[str]) -> str:
    """The level of that name among `levels`; "lowlevel" and unique beginnings are understood."""
    wanted = name.strip().lower().replace("-", "_")
    wanted = {"lowlevel": "pytorch_lowlevel", "low": "pytorch_lowlevel", "torch": "paper"}.get(wanted, wanted)
    fitting = [level for level in levels if level == wanted] or [level for level in levels if level.startswith(wanted)]
    if len(fitting) != 1:
        raise RungsError(f"no level {name!r}{suggestion(wanted, levels)}")
    return fitting[0]


def suggestion(name: str, known: list[str]) -> str:
    """The end of a message about an unknown name: the nearest known one, and all of them."""
    near = difflib.get_close_matches(name, known, n=1)
    return (f"; did you mean {near[0]!r}?" if near else "") + " (there: " + ", ".join(known) + ")"
