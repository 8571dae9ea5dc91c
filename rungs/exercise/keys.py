"""Single keys from a terminal, without waiting for Enter."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def reading_keys() -> Iterator[Callable[[], str] | None]:
    """Within it, a function that returns the key that was pressed, "" if none was; None where input is no terminal.

    The terminal is given back as it was. Ctrl-C interrupts as ever.
    """
    if not (sys.stdin and sys.stdin.isatty()):
        yield None
    elif sys.platform == "win32":
        import msvcrt

        yield lambda: msvcrt.getwch() if msvcrt.kbhit() else ""
    else:
        import select
        import termios
        import tty

        terminal = sys.stdin.fileno()
        before = termios.tcgetattr(terminal)

        def key() -> str:
            ready = select.select([terminal], [], [], 0)[0]
            return os.read(terminal, 1).decode("ascii", errors="replace") if ready else ""

        try:
            tty.setcbreak(terminal)
            yield key
        finally:
            termios.tcsetattr(terminal, termios.TCSADRAIN, before)
