"""Errors that a reader can act on: they end a command with one clear message and no traceback."""

from __future__ import annotations

import sys

BAD_INPUT = 2
FAILED = 1

# The helpers' own errors. Named, not imported: a command that never loaded the module cannot have raised its error.
EXPECTED = {
    "utils.chapters": ("ImportRootError",),
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
