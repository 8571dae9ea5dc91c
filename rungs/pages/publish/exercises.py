"""An exercise as one page, with its task, hints and solution."""

from __future__ import annotations

import textwrap

from rungs.catalogue.exercise import Exercise
from rungs.catalogue.page import page as page_of
from rungs.pages.publish.code import code_block
from utils.chapters import LEVELS, find_chapter


def exercise_page(exercise: Exercise) -> str:
    """The task, then, folded, the file to fill in, the hints, the solution with why it is right, and the misconceptions."""
    page = page_of(exercise)
    facts = [*page.facts.values()]
    facts[list(page.facts).index("difficulty")] = f"difficulty {_dots(exercise.difficulty)}"
    facts[list(page.facts).index("level")] = LEVELS.get(exercise.level, exercise.level)
    lines = [f"# {page.title}", '<ul class="rungs-facts">' + "".join(f"<li>{fact}</li>" for fact in facts) + "</ul>"]
    if page.needs:
        lines.append(
            "You need: " + "; ".join(f"{need.what} ({_chapter_link(need.chapter)})" for need in page.needs) + "."
        )
    lines.append(f"~~~ text\nrungs start {exercise.alias}\nrungs check {exercise.alias}\n~~~")
    lines.append(page.guard)
    lines.append(page.task)
    lines.append("## Help { data-search-exclude }\n")  # search must not give the solution away
    lines.append(_folded("abstract", "The file you start from", code_block(page.stub, "python", exercise.file_name)))
    lines += [_folded("question", f"Hint {number}", hint) for number, hint in enumerate(page.hints, 1)]
    solution = code_block(page.solution, "python", "solution.py") + "\n" + page.explanation
    lines.append(_folded("success", "Solution", solution))
    if page.mistakes:
        faults = "\n\n".join(f"**{name[0].upper() + name[1:]}.** {text}" for name, text in page.mistakes)
        lines.append(_folded("failure", "Wrong answers that are easy to give", faults))
    return "\n\n".join(lines) + "\n"


def _chapter_link(name: str) -> str:
    chapter = find_chapter(name)
    there = (chapter.path / "README.md").exists()
    return f"[chapter {chapter.id}](../../../{chapter.folder}/README.md)" if there else f"chapter {chapter.id}"


def _folded(kind: str, title: str, text: str) -> str:
    return f'??? {kind} "{title}"\n\n' + textwrap.indent(text.strip(), "    ") + "\n"


def _dots(number: int) -> str:
    return f'<span class="full">{"●" * number}</span>{"○" * (5 - number)}'
