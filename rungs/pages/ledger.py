"""What ladders declare, for people: where a chapter departs from its paper, and the mistakes that are planted in it."""

from __future__ import annotations

import os
from pathlib import Path

from utils.chapters import LEVELS, ROOT, Chapter

PLACES = {
    "input gradient": "the gradient of the input {}",
    "activation": "the activation {}",
    "gradient": "the gradient of {}",
    "buffer": "the buffer {}",
    "output": "the output {}",
}
"""Kind of place, as the suite names it -> how people say it. The longer kinds come first: they begin with the shorter."""
ASK = (
    "Each of these is planted by the suite, which must turn red and name the place. **Which tensor will differ first?** "
    "Decide before you open it."
)


def deviations_table(chapter: Chapter, folder: Path) -> str:
    """| what | why | pinned by |, over all ladders of the chapter; the same entry of two ladders stands once."""
    from utils.ladder import load_ladders

    rows: dict[tuple[str, str, str], list[str]] = {}
    ladders = load_ladders(chapter.id)
    for ladder in ladders.values():
        for deviation in ladder.deviations:
            rows.setdefault((deviation.what, deviation.why, deviation.test), []).append(ladder.name)
    if not rows:
        return "None."
    body = []
    for (what, why, test), names in rows.items():
        whose = f" ({', '.join(names)})" if len(names) < len(ladders) else ""
        body.append(f"| {cell(what)}{whose} | {cell(why)} | {_pinned(test, folder)} |")
    return "\n".join(["| deviation | why | pinned by |", "| --- | --- | --- |", *body])


def mistakes_list(chapter: Chapter) -> str:
    """Every planted mistake as a question: folded below it, where the levels first differ, and why it is wrong."""
    from utils.ladder import load_ladders

    lines = []
    for ladder in load_ladders(chapter.id).values():
        lines += [f"**{ladder.name}**", ""]
        for mistake in ladder.mistakes:
            lines += [
                '<details class="question" markdown="1">',
                f"<summary>{LEVELS[mistake.level]}: {_escaped(mistake.name)}</summary>",
                "",
                f"First to differ: {place(mistake.first)}. {_escaped(' '.join(mistake.why.split()))}",
                "",
                "</details>",
                "",
            ]
    return "\n".join(lines).strip() or "None."


def place(first: str) -> str:
    """What the suite names, as people say it: "output output" is the output, "gradient k.bias" the gradient of `k.bias`.

    Checks and layers have names of their own, and stay as they are.
    """
    for kind, words in PLACES.items():
        name = first.removeprefix(f"{kind} ")
        if name != first:
            return words.format("" if name == kind else f"`{name}`").strip()
    return f"the {_escaped(first)}"


def cell(text: str) -> str:
    """One line of a table."""
    return " ".join(text.split()).replace("|", "\\|")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _pinned(test: str, folder: Path) -> str:
    file, _, name = test.partition("::")
    if name and (ROOT / file).exists():
        return f"[`{name}`]({os.path.relpath(ROOT / file, folder)})"
    return cell(test)
