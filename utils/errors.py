"""Errors that a reader can act on: they end a command with one sentence, an exit status, and no traceback."""

from __future__ import annotations

import errno
import reprlib
from typing import Any

BAD_INPUT = 2
FAILED = 1

SURROUNDINGS = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.ENAMETOOLONG,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.ELOOP,
    errno.EIO,
    errno.EMFILE,
}
"""What the operating system refuses because of the reader's disk, permissions or paths. A missing file is not among them:
where one may be missing the code says so, and elsewhere it is a fault of ours."""


class ReaderError(Exception):
    """What was wrong, with what, and what to do. `code` is the exit status of the command."""

    code = BAD_INPUT


def sentence(error: BaseException) -> tuple[str, int] | None:
    """What a reader is told of an error, and the exit status; None for a fault of ours, which keeps its traceback."""
    if isinstance(error, ReaderError):
        return str(error), error.code
    if isinstance(error, PermissionError) and error.strerror is None:  # a library's own words
        return str(error), BAD_INPUT
    if isinstance(error, OSError) and error.errno in SURROUNDINGS:
        place = f"{shortened(error.filename)}: " if error.filename is not None else "the output cannot be written: "
        return f"{place}{error.strerror}", BAD_INPUT
    if isinstance(error, MemoryError) or "can't allocate memory" in _words(error) or "out of memory" in _words(error):
        return "there is not enough memory for this; a smaller model, batch or beam may fit", BAD_INPUT
    return None


def shortened(value: Any, most: int = 200) -> str:
    """`repr(value)`, with its middle left out where it is long: what a message shows of what it was given."""
    short = reprlib.Repr()
    short.maxstring = short.maxother = short.maxlong = most
    short.maxlist = short.maxtuple = short.maxdict = 10
    return short.repr(value)


def _words(error: BaseException) -> str:
    return str(error) if isinstance(error, RuntimeError) else ""
