"""`rungs watch`: the answer checked at every save; without a name, through the whole course."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rungs import progress
from rungs.catalogue.exercise import Exercise
from rungs.catalogue.loading import chapter_exercises
from rungs.errors import Failed, RungsError
from rungs.exercise.check import check_answer, verify_level
from rungs.exercise.display import here, new_console, show_list, show_progress, show_task, show_verdict
from rungs.exercise.hint import hint
from rungs.exercise.keys import reading_keys
from rungs.exercise.path import ahead, current
from rungs.exercise.reset import reset
from rungs.exercise.start import begin
from rungs.exercise.work import CapstoneWork, ExerciseWork, Work, find_work
from rungs.options import ExerciseName
from rungs.sandbox.warm import WarmProcess

if TYPE_CHECKING:
    from rich.console import Console

EXAMPLE = "rungs watch        one exercise only: rungs watch 01.1"
KEYS = "h hint   l list   r reset   n next   q quit"


def watch(name: ExerciseName = None) -> None:
    """Check your answer at every save. Without a name, go through the course: what passes opens the next exercise."""
    console = new_console()
    if name is not None:
        work = find_work(name)
        if not work.folder.is_dir():
            raise RungsError(f"{here(work.folder)} is not there; `rungs start {work.name}` writes it")
        Session(work, console, course=False).run()
    elif (exercise := current(progress.load())) is not None:
        Session(ExerciseWork(exercise), console, course=True).run()
    else:
        console.print("  Every exercise is done. [cyan]rungs check --all[/] checks all of them again.")


class Session:
    """What is watched now.

    Args:
        course: whether to go on to the next exercise when this one passes.
    """

    def __init__(self, work: Work, console: Console, *, course: bool) -> None:
        self.work, self.console, self.course = work, console, course
        self.asking = self.has_keys = False  # asking: whether the next key answers "begin again?"
        self.warm = WarmProcess()

    def run(self) -> None:
        """Until Ctrl-C, the key q, or the end of the course."""
        with reading_keys() as key, self.warm:
            self.has_keys = key is not None
            try:
                for saved in _saves(self.work.folder):
                    if saved is None:
                        self.begin()
                    elif any(path.is_relative_to(self.work.folder) for path in saved) and not self.is_stub():
                        self.check()
                    if key is not None and (pressed := key().lower()) and not self.press(pressed):
                        return
            except KeyboardInterrupt:
                pass

    def is_stub(self) -> bool:
        """Whether the file is as it was begun: in a course, its own writing of it is no save."""
        work = self.work
        return (
            self.course
            and isinstance(work, ExerciseWork)
            and work.file.is_file()
            and _same(work.file, work.exercise.stub)
        )

    def begin(self) -> None:
        if self.course and isinstance(self.work, ExerciseWork):
            self.open(self.work.exercise)
        else:
            self.check()

    def check(self, *, clear: bool = True) -> None:
        """Check what lies in the folder now, and in a course go on when it passes."""
        if clear:
            self.console.clear()
        passed = False
        try:
            if isinstance(self.work, CapstoneWork):
                verify_level(self.work)
            else:
                verdict = check_answer(self.work, self.console, self.warm)
                passed = verdict.passed
                state, offer = progress.load(), not self.course
                show_verdict(self.console, verdict, self.work.exercise, state, offer=offer, keys=self.has_keys)
        except Failed as error:
            self.console.print(f"[red]{error}[/]", soft_wrap=True)
        except RungsError as error:
            self.console.print(f"[yellow]{error}[/]", soft_wrap=True)
        if passed and self.course:
            self.go_on()
        else:
            self.footer()

    def footer(self) -> None:
        how = KEYS if self.has_keys else "Ctrl-C to end"
        self.console.print(
            f"\n  [dim]{time.strftime('%H:%M:%S')}  save {here(self.work.files[0])} to check it\n  {how}[/]",
            soft_wrap=True,
        )

    def press(self, key: str) -> bool:
        """Do what a key stands for. Returns: whether to go on watching."""
        try:
            if self.asking:
                self.asking = False
                if key == "y":
                    reset(self.work.name)
                else:
                    self.console.print("  Nothing is changed.")
                return True
            if key == "h":
                hint(self.work.name)
            elif key == "l" and isinstance(self.work, ExerciseWork):
                show_list(self.console, chapter_exercises(self.work.exercise.chapter.id), progress.load())
            elif key == "r":
                self.asking = True
                self.console.print(f"  Begin {self.work.name} again? Your file is kept in backups/.  y yes   n no")
            elif key == "n":
                self.go_on()
        except RungsError as error:
            self.console.print(f"[yellow]{error}[/]", soft_wrap=True)
        return key != "q"

    def go_on(self) -> None:
        """To the exercise that comes next on the learner's path."""
        here_now = self.work.exercise if isinstance(self.work, ExerciseWork) else None
        following = next(iter(ahead(progress.load(), here_now)), None)
        if following is None:
            self.console.print("  No other exercise is left. [cyan]rungs check --all[/] checks all of them again.")
        else:
            self.open(following)

    def open(self, exercise: Exercise) -> None:
        """Show an exercise and begin it; where it was begun before, the file stays as it is and is checked."""
        from rungs.checking.checker import library_imports

        if exercise.torch:  # they load while the learner reads
            self.warm.load(library_imports(exercise))
        self.work = ExerciseWork(exercise)
        kept = begin(self.work)
        self.console.rule(f"[bold cyan]{exercise.alias}[/]  chapter {exercise.chapter.id}", style="dim")
        show_task(self.console, exercise)
        show_progress(self.console, exercise.chapter, progress.load())
        self.console.print(
            f"  Your file  [bold]{here(self.work.file)}[/]{'  (kept as it was)' if kept else ''}", soft_wrap=True
        )
        if kept and not _same(self.work.file, exercise.stub):
            self.console.print()
            self.check(clear=False)
        else:
            self.footer()


def _same(one: Path, other: Path) -> bool:
    return one.read_bytes() == other.read_bytes()


def _saves(folder: Path) -> Iterator[set[Path] | None]:
    """None once the folder is watched, then at every save the Python files, and an empty set now and then between."""
    from watchfiles import watch as watch_files

    started = False
    root = progress.work_folder()
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RungsError(f"{root} cannot be written: {error.strerror}; set RUNGS_WORK to another folder") from None
    root = root if folder.is_relative_to(root) else folder
    # The watcher stands before the first check, which its first timeout sets off, so that no save is missed.
    for changes in watch_files(root, yield_on_timeout=True, rust_timeout=100, debounce=100):
        if not started:
            started = True
            yield None
        paths = {Path(path) for _, path in changes}
        yield {path for path in paths if path.suffix == ".py" and "backups" not in path.parts}
