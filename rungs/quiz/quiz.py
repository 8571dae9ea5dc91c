"""`rungs quiz`: the questions of a chapter, or what has come due of the finished ones."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from rungs import progress
from rungs.errors import RungsError
from rungs.exercise.display import new_console, show_markdown
from rungs.exercise.keys import reading_keys
from rungs.exercise.path import current
from rungs.quiz import schedule
from rungs.quiz.questions import KINDS, Question, heading, load_questions
from utils.chapters import Chapter, find_chapter, written_chapters

if TYPE_CHECKING:
    from rich.console import Console

EXAMPLE = "rungs quiz 03        what is due of the chapters you have finished: rungs quiz --due"
A_DAY = 20  # questions of one sitting with --due


def quiz(
    chapter: Annotated[
        str | None, typer.Argument(metavar="[CHAPTER]", help="Without one, the chapter that you are in.")
    ] = None,
    due: Annotated[
        bool, typer.Option("--due", help="What has come due of the chapters that you have finished.")
    ] = False,
) -> None:
    """Questions with answers, as in an interview. You say how well you knew each, which decides when it comes again."""
    if due and chapter is not None:
        raise RungsError(
            f"--due goes over all chapters that you have finished: leave out {chapter}, or leave out --due"
        )
    console = new_console()
    asked = due_now(console) if due else of_chapter(chapter)
    if asked:
        with reading_keys() as key:
            Sitting(console, _single(key) if key is not None else _line).run(asked)


def of_chapter(name: str | None) -> list[tuple[Chapter, Question]]:
    """Every question of a chapter; of the one that the learner is in without a name."""
    if name is None:
        exercise = current(progress.load())
        found = exercise.chapter if exercise is not None else written_chapters()[-1]
    else:
        try:
            found = find_chapter(name)
        except KeyError as error:
            raise RungsError(str(error.args[0])) from None
    questions = load_questions(found)
    if not questions:
        raise RungsError(f"chapter {found.id} ({found.title}) has no questions yet")
    return [(found, question) for question in questions]


def due_now(console: Console) -> list[tuple[Chapter, Question]]:
    """What is due, as much as fits into one sitting; says so where nothing is."""
    state, now = progress.load(), datetime.now(UTC)
    asked = schedule.due(state, now)
    if not asked:
        finished = [chapter for chapter in written_chapters() if schedule.is_finished(chapter, state)]
        if finished:
            console.print("  Nothing is due.")
        else:
            console.print("  No chapter is finished yet. [cyan]rungs quiz 01[/] asks the questions of one at any time.")
    elif len(asked) > A_DAY:
        console.print(f"  [dim]{len(asked)} are due; {A_DAY} of them now[/]\n")
    return asked[:A_DAY]


class Sitting:
    """One round of questions.

    Args:
        answer: waits for the learner; returns one character, "q" at the end of input.
        clock: the time now, with its time zone.
    """

    def __init__(
        self,
        console: Console,
        answer: Callable[[], str],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.console, self.answer, self.clock = console, answer, clock

    def run(self, asked: Iterable[tuple[Chapter, Question]]) -> None:
        """Ask each, and once more at the end what the learner did not know. Every grade is written at once."""
        asked, again, count = list(asked), [], 0
        for number, (chapter, question) in enumerate(asked, 1):
            grade = self.ask(chapter, question, f"{number} of {len(asked)}")
            if grade == 0:
                break
            count += 1
            if grade == 1:
                again.append((chapter, question))
        else:
            for number, (chapter, question) in enumerate(again, 1):
                if self.ask(chapter, question, f"once more, {number} of {len(again)}") == 0:
                    break
        self.console.print(f"  {count} of {len(asked)} answered, {len(again)} to learn again.")

    def ask(self, chapter: Chapter, question: Question, where: str) -> int:
        """Show a question, then its answer. Returns: the grade, 1 to 4; 0 if the learner quits."""
        console = self.console
        console.print(f"  [bold cyan]{chapter.id}[/]  [dim]{KINDS[question.kind]}   {where}[/]\n")
        show_markdown(console, question.question)
        console.print("\n  [dim]any key: the answer   q quit[/]\n")
        if self.answer() == "q":
            return 0
        show_markdown(console, question.answer)
        title, _ = heading(chapter, question)
        console.print(f"\n  [dim]{chapter.folder}/{question.place.partition('#')[0]}, {title}[/]", soft_wrap=True)
        console.print("  [dim]1 again   2 hard   3 good   4 easy   q quit[/]")
        while (pressed := self.answer()) != "q":
            if pressed and pressed in "1234":
                grade, now = int(pressed), self.clock()
                with progress.change() as state:
                    following = schedule.grade(state, schedule.key(chapter, question), grade, now)
                console.print(f"  {schedule.GRADES[grade - 1]}: again {in_words(following - now)}\n")
                return grade
        return 0


def in_words(wait: timedelta) -> str:
    """ "in 10 minutes", "in 3 days"."""
    for unit, seconds in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if (count := round(wait.total_seconds() / seconds)) >= 1:
            return f"in {count} {unit}{'s' if count > 1 else ''}"
    return "at once"


def _single(key: Callable[[], str]) -> Callable[[], str]:
    def wait() -> str:
        while not (pressed := key()):
            time.sleep(0.03)
        return pressed.lower()

    return wait


def _line() -> str:
    """The first character of a line, where there is no terminal."""
    line = sys.stdin.readline()
    return line.strip()[:1].lower() if line else "q"
