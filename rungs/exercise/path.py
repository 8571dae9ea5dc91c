"""The learner's path: what comes next, the chapter that the learner is in first."""

from __future__ import annotations

from rungs.catalogue.exercise import Exercise
from rungs.catalogue.loading import all_exercises
from rungs.progress import Progress
from utils.chapters import Chapter, all_chapters, find_chapter


def current(state: Progress) -> Exercise | None:
    """The exercise that was worked on last, of those that are begun and not done; else the first of what lies ahead."""
    open_ones = [e for e in all_exercises() if state.is_started(e.id) and not state.is_done(e.id)]
    if open_ones:
        return max(open_ones, key=lambda exercise: state.entries[exercise.id].touched)
    begun = [e for e in all_exercises() if state.is_started(e.id)]
    last = max(begun, key=lambda exercise: state.entries[exercise.id].touched, default=None)
    return next(iter(ahead(state, last)), None)


def ahead(state: Progress, here: Exercise | None = None) -> list[Exercise]:
    """What is not done, in the order in which it is offered to a learner who is at `here`.

    First the rest of that chapter, then what was left out of it; then the chapters whose needed chapters are begun, in
    the order of the curriculum; then the others.
    """
    chapters = [chapter.id for chapter in all_chapters()]
    place = {exercise.id: number for number, exercise in enumerate(all_exercises())}
    begun = {exercise.chapter.id for exercise in all_exercises() if state.is_started(exercise.id)}

    def rank(exercise: Exercise) -> tuple[bool, bool, int, bool, int]:
        chapter = exercise.chapter
        elsewhere = here is None or chapter.id != here.chapter.id
        unmet = any(need.is_written and need.id not in begun for need in needed(chapter))
        left_out = here is not None and place[exercise.id] < place[here.id]
        return elsewhere, unmet, chapters.index(chapter.id), not elsewhere and left_out, place[exercise.id]

    todo = (exercise for exercise in all_exercises() if not state.is_done(exercise.id) and exercise != here)
    return sorted(todo, key=rank)


def needed(chapter: Chapter) -> list[Chapter]:
    """The chapters that come before it by `needs`, and by theirs."""
    direct = [find_chapter(name) for name in chapter.needs]
    return direct + [further for one in direct for further in needed(one)]
