"""Errors that a reader can act on: they end a command with one clear message and no traceback."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from utils.chapters import Chapter
    from utils.ladder import Ladder

BAD_INPUT = 2
FAILED = 1

# The helpers' own errors. Named, not imported: a command that never loaded the module cannot have raised its error.
EXPECTED = {
    "utils.data_loaders": ("DataError",),
    "utils.config": ("ConfigError",),
    "utils.training_utils": ("CheckpointError", "RunError", "NonFiniteLoss"),
    "utils.runs": ("CheckpointError", "RunError", "NonFiniteLoss"),
    "utils.receipts": ("ReceiptError",),
}


class RungsError(Exception):
    """What was wrong, with what, and what to do. `code` is the exit status of the command."""

    code = BAD_INPUT


class Failed(RungsError):  # noqa: N818 - reads as what it says
    """The command ran, and the answer is no: a proof is red, a run did not end well."""

    code = FAILED


def exit_code(error: BaseException) -> int | None:
    """The exit status for an error that is the reader's to mend; None for one that is ours, which keeps its traceback."""
    if isinstance(error, RungsError):
        return error.code
    for module, names in EXPECTED.items():
        known = tuple(getattr(sys.modules[module], n) for n in names if hasattr(sys.modules.get(module), n))
        if known and isinstance(error, known):
            return FAILED if type(error).__name__ == "NonFiniteLoss" else BAD_INPUT
    return None


def chapter_called(name: str, *, written: bool = True) -> Chapter:
    """The chapter of that name; with `written`, one that is there and not only planned."""
    from utils.chapters import find_chapter, written_chapters

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
    from utils.chapters import written_chapters

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
    import difflib

    near = difflib.get_close_matches(name, known, n=1)
    return (f"; did you mean {near[0]!r}?" if near else "") + " (there: " + ", ".join(known) + ")"
