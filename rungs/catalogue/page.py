"""What the site shows of an exercise."""

from __future__ import annotations

from dataclasses import dataclass

from rungs.catalogue.exercise import KINDS, Exercise, Need

GUARD = (
    "Your file runs in a process of its own, with limits on time and memory; this guards against accidents, not against "
    "malice."
)


@dataclass(frozen=True)
class Page:
    """Everything that the site shows of an exercise, each text Markdown."""

    title: str
    facts: dict[str, str]  # "difficulty" -> "2 of 5", ...
    needs: tuple[Need, ...]
    task: str  # README.md without its heading
    hints: tuple[str, ...]
    stub: str
    solution: str
    explanation: str
    mistakes: tuple[tuple[str, str], ...]  # name, explanation
    guard: str = GUARD  # what keeps the check apart from the answer


def page(exercise: Exercise) -> Page:
    """What the site shows of an exercise."""
    lines = exercise.task.strip().splitlines()
    if lines and lines[0].startswith("# "):
        lines = lines[1:]
    return Page(
        title=exercise.title,
        facts={
            "exercise": f"{exercise.alias} ({exercise.id})",
            "kind": KINDS[exercise.kind],
            "level": exercise.level,
            "difficulty": f"{exercise.difficulty} of 5",
            "time": f"about {exercise.minutes} minutes",
        },
        needs=exercise.needs,
        task="\n".join(lines).strip(),
        hints=exercise.hints,
        stub=exercise.stub.read_text(encoding="utf-8"),
        solution=exercise.solution,
        explanation=exercise.explanation,
        mistakes=tuple((mistake.name.replace("_", " "), mistake.text) for mistake in exercise.misconceptions()),
    )
