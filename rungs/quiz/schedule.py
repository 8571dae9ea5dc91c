"""When a question is asked again: spaced repetition by FSRS, the record kept with the learner's progress."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

from rungs.catalogue.loading import chapter_exercises
from rungs.progress import Progress
from rungs.quiz.questions import Question, load_questions
from utils.chapters import Chapter, written_chapters

if TYPE_CHECKING:
    from fsrs import Card, Scheduler

GRADES = ("again", "hard", "good", "easy")
"""How well the learner knew it, as FSRS counts from 1."""


@cache
def scheduler() -> Scheduler:
    """FSRS without its random spread, so that a day is what the record says."""
    from fsrs import Scheduler

    return Scheduler(enable_fuzzing=False)


def key(chapter: Chapter, question: Question) -> str:
    """Under which the record is kept."""
    return f"{chapter.id}/{question.id}"


def card(state: Progress, name: str) -> Card | None:
    """The record of a question; None where it was never asked, or where its record cannot be read."""
    from fsrs import Card

    try:
        return Card.from_dict(state.cards[name])  # pyright: ignore[reportArgumentType]
    except (KeyError, TypeError, ValueError):
        return None


def grade(state: Progress, name: str, number: int, when: datetime) -> datetime:
    """Record a grade.

    Args:
        number: 1 to 4, the place in GRADES.
        when: now, with its time zone.

    Returns: when the question is asked again.
    """
    from fsrs import Card, Rating

    before = card(state, name) or Card(card_id=0, due=when)
    after, _ = scheduler().review_card(before, Rating(number), review_datetime=when)
    state.cards[name] = dict(after.to_dict())
    return after.due


def is_finished(chapter: Chapter, state: Progress) -> bool:
    """Whether every exercise of the chapter is done."""
    exercises = chapter_exercises(chapter.id)
    return bool(exercises) and all(state.is_done(exercise.id) for exercise in exercises)


def due(state: Progress, when: datetime) -> list[tuple[Chapter, Question]]:
    """What is to be asked now of the finished chapters: what has come due, the longest due first, then what is new."""
    old, new = [], []
    for chapter in written_chapters():
        if not is_finished(chapter, state):
            continue
        for question in load_questions(chapter):
            known = card(state, key(chapter, question))
            if known is None:
                new.append((chapter, question))
            elif known.due <= when:
                old.append((known.due, chapter, question))
    old.sort(key=lambda entry: entry[0])
    return [(chapter, question) for _, chapter, question in old] + new
