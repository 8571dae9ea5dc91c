"""The line of a learner's file that an error or a stopped process points to, as "line 12: return X @ w"."""

from __future__ import annotations

import re
import traceback
from pathlib import Path


def message(error: BaseException) -> str:
    """What the error says, also where its own `__str__` fails."""
    try:
        return str(error)
    except BaseException:
        return "(its __str__ fails)"


def line_of_error(error: BaseException, path: Path) -> str:
    """The innermost line of the file that the error passed through; "" where there is none."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename == str(path):
            return f"line {frame.lineno}: {frame.line}" if frame.line else f"line {frame.lineno}"
    return ""


def line_in_trace(trace: str, path: Path) -> str:
    """The innermost line of the file in what `faulthandler` wrote; "" where there is none."""
    found = re.search(rf'"{re.escape(str(path))}", line (\d+)', trace)
    if found is None:
        return ""
    number = int(found[1])
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    text = lines[number - 1].strip() if number <= len(lines) else ""
    return f"line {number}: {text}"
