"""Errors that a reader can act on; how they become sentences: `utils.errors`."""

from __future__ import annotations

from utils.errors import BAD_INPUT, FAILED, ReaderError

__all__ = ["BAD_INPUT", "FAILED", "Failed", "RungsError"]


class RungsError(ReaderError):
    """What was wrong, with what, and what to do. `code` is the exit status of the command."""


class Failed(RungsError):  # noqa: N818 - reads as what it says
    """The command ran, and the answer is no: a proof is red, a run did not end well."""

    code = FAILED
