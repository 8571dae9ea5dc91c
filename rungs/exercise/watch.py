"""`rungs watch`: the answer checked at every save."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from rungs import progress
from rungs.errors import Failed, RungsError
from rungs.exercise.check import check_answer, verify_level
from rungs.exercise.display import here, new_console, show_verdict
from rungs.exercise.work import CapstoneWork, find_work
from rungs.options import ExerciseName

EXAMPLE = "rungs watch 01.1"


def watch(name: ExerciseName = None) -> None:
    """Check your answer each time you save it. Ctrl-C ends it."""
    work = find_work(name)
    console = new_console()
    if not work.folder.is_dir():
        raise RungsError(f"{here(work.folder)} is not there; `rungs start {work.name}` writes it")
    from watchfiles import DefaultFilter, watch

    class Python(DefaultFilter):
        def __call__(self, change: Any, path: str) -> bool:
            return super().__call__(change, path) and path.endswith(".py") and "backups" not in Path(path).parts

    def once() -> None:
        console.clear()
        try:
            if isinstance(work, CapstoneWork):
                verify_level(work)
            else:
                show_verdict(console, check_answer(work, console), work.exercise, progress.load())
        except Failed as error:
            console.print(f"[red]{error}[/]", soft_wrap=True)
        except RungsError as error:
            console.print(f"[yellow]{error}[/]", soft_wrap=True)
        console.print(
            f"\n  [dim]{time.strftime('%H:%M:%S')}  watching {here(work.folder)}; save to check again, Ctrl-C to end[/]",
            soft_wrap=True,
        )

    # The watcher stands before the first check, which its first timeout sets off, so that no save is missed.
    first = True
    try:
        for changes in watch(work.folder, watch_filter=Python(), yield_on_timeout=True, rust_timeout=100, debounce=100):
            if first or changes:
                first = False
                once()
    except KeyboardInterrupt:
        pass
