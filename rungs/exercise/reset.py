"""`rungs reset`: a fresh file to begin again with; the old one is kept, with the date."""

from __future__ import annotations

from rungs import progress
from rungs.errors import RungsError
from rungs.exercise.display import here, new_console
from rungs.exercise.start import start_capstone
from rungs.exercise.work import CapstoneWork, ExerciseWork, back_up, digest, find_work, write_stub
from rungs.options import ExerciseName
from utils.files import expect_room

EXAMPLE = "rungs reset 01.1"


def reset(name: ExerciseName = None) -> None:
    """Begin again with a fresh file. Yours is kept, with the date, in backups/."""
    work = find_work(name)
    console = new_console()
    with progress.change() as state:
        files = [file for file in work.files if file.exists()]
        if not state.is_started(work.id) and not files:
            raise RungsError(f"{work.name} is not begun; `rungs start {work.name}` begins it")
        if isinstance(work, ExerciseWork):
            expect_room(work.file, work.exercise.stub.stat().st_size)  # before yours is moved
        kept = back_up(work.folder, files)
        entry = state.entry(work.id)
        entry.status, entry.mistake, entry.passed, entry.explained = "", "", "", []
        entry.begin()
        if isinstance(work, ExerciseWork):
            write_stub(work)
            entry.stub = entry.told = digest(work.exercise.stub)
    for path in kept:
        console.print(f"  kept   {here(path)}", soft_wrap=True)
    if isinstance(work, CapstoneWork):
        start_capstone(work, console)
    else:
        console.print(f"  fresh  {here(work.file)}", soft_wrap=True)
