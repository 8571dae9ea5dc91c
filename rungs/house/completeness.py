"""`rungs verify --complete`: what a chapter lacks, or has as `rungs new` wrote it, item by item."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rungs.catalogue.exercise import KINDS
from rungs.catalogue.loading import chapter_exercises
from rungs.errors import Failed
from rungs.house.template import MARK
from rungs.level.files import SUFFIX
from rungs.quiz.questions import load_questions
from utils.chapters import LEVELS, ROOT, Chapter

if TYPE_CHECKING:
    from utils.ladder import Ladder

MISTAKES, EXERCISES, QUESTIONS, CHECKPOINT_MB = 4, 6, 12, 2
SECTIONS = {
    "README.md": ("Architecture", "Where to go next"),
    "code.md": ("Run it",),
    "exercises/README.md": ("Common mistakes",),
    "results.md": ("Where this departs from the paper",),
}
"""The written pages of a chapter's path -> how their headings begin."""
COLOURS = {"done": "green", "template": "yellow", "missing": "red"}


@dataclass(frozen=True)
class Item:
    """Something that a chapter has when it is done."""

    what: str
    state: str  # a key of COLOURS; "template": as `rungs new` wrote it
    how: str  # which part of it, and how to get it; empty when it is done


def show(chapters: Iterable[Chapter], *, as_json: bool) -> None:
    """Print every item of the chapters.

    Raises:
        Failed: one of them is not done.
    """
    from rich.console import Console
    from rich.table import Table

    console = Console(stderr=as_json, highlight=False)
    with console.status("loading torch"):
        found = {chapter.id: items(chapter) for chapter in chapters}
    left = {name: sum(item.state != "done" for item in rows) for name, rows in found.items()}
    if as_json:
        rows = {name: [asdict(item) for item in rows] for name, rows in found.items()}
        print(json.dumps({"ok": not any(left.values()), "chapters": rows}, indent=2))
    else:
        for name, rows in found.items():
            table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0), title=name, title_justify="left")
            for heading in ("what", "state", "how to get it"):
                table.add_column(heading, overflow="fold")
            for item in rows:
                table.add_row(item.what, f"[{COLOURS[item.state]}]{item.state}[/]", item.how)
            console.print(table)
    if any(left.values()):
        counts = (f"chapter {name}: {count} of {len(found[name])}" for name, count in left.items() if count)
        raise Failed(f"not done: {'; '.join(counts)}")


def items(chapter: Chapter) -> list[Item]:
    """What a chapter has when it is done, in the order in which one is written."""
    from utils.ladder import load_ladders

    ladders = load_ladders(chapter.id)
    proofs = ["ladder.py", "proofs/*_levels.py", "proofs/*_layers.py", "proofs/*_checks.py"]
    scripts = ["paper/train_*.py", "paper/evaluate_*.py", "paper/plot_*.py"]
    tests = [f"{level}/test_*.py" for level in SUFFIX]
    return [
        *(
            files(f"{LEVELS[level]} level", chapter, [f"{level}/*{end}.py"], "the model of the paper, and its layers")
            for level, end in SUFFIX.items()
        ),
        files("tests of the levels", chapter, tests, "a test for the likeliest mistakes, each seen red once"),
        files("ladder and proofs", chapter, proofs, "what is claimed of the model, and what it is proved with"),
        references(chapter, ladders),
        mistakes(chapter, ladders),
        climb_and_bench(chapter, ladders),
        files("scripts", chapter, scripts, "train with the paper's settings, evaluate a run, draw the figures"),
        files(
            "tiny configuration",
            chapter,
            ["paper/configs/tiny.yaml"],
            "seconds on embedded data, beside the paper's own",
        ),
        files("receipts", chapter, ["paper/results/*.json"], f"rungs reproduce {chapter.id}"),
        checkpoint(chapter),
        *(page(chapter, name) for name in SECTIONS),
        files("theory", chapter, ["theory.md"], "every gradient of the NumPy level, derived"),
        exercises(chapter),
        questions(chapter),
        files(
            "notebook", chapter, ["notebooks/*.py", "notebooks/*.ipynb"], "a lesson to run, executed by make notebooks"
        ),
        manifest_entry(chapter),
        guide(chapter),
    ]


def marked(path: Path) -> bool:
    return MARK in path.read_text(encoding="utf-8")


def item(what: str, how: str, *, missing: Iterable[str] = (), template: Iterable[str] = ()) -> Item:
    """Done if nothing is missing and nothing is template; else what is, and how to get it."""
    missing, template = list(missing), list(template)
    if not missing and not template:
        return Item(what, "done", "")
    return Item(what, "missing" if missing else "template", f"{', '.join([*missing, *template])}: {how}")


def files(what: str, chapter: Chapter, patterns: Iterable[str], how: str) -> Item:
    """Each pattern stands for a file or more in the chapter's folder."""
    missing, template = [], []
    for pattern in patterns:
        is_test = "/test_" in pattern
        there = [path for path in sorted(chapter.path.glob(pattern)) if path.name.startswith("test_") == is_test]
        missing += [] if there else [pattern]
        template += [path.relative_to(chapter.path).as_posix() for path in there if marked(path)]
    return item(what, how, missing=missing, template=template)


def references(chapter: Chapter, ladders: Mapping[str, Ladder]) -> Item:
    missing = [] if any(ladder.reference_builders for ladder in ladders.values()) else ["references"]
    template = [path.name for path in sorted(chapter.path.glob("proofs/*_references.py")) if marked(path)]
    return item("references", "the model as others maintain it", missing=missing, template=template)


def mistakes(chapter: Chapter, ladders: Mapping[str, Ladder]) -> Item:
    """Four or more planted in each ladder, over all of its levels."""
    missing = []
    for name, ladder in ladders.items():
        if (count := len(ladder.mistakes)) < MISTAKES:
            missing.append(f"{count} of {MISTAKES} in {name}")
        if without := ladder.modules.keys() - {mistake.level for mistake in ladder.mistakes}:
            missing.append(f"none in {', '.join(LEVELS[level] for level in sorted(without))} of {name}")
    template = [path.name for path in chapter.path.glob("mistakes.toml") if marked(path)]
    return item("planted mistakes", "of different kinds, from life", missing=missing, template=template)


def climb_and_bench(chapter: Chapter, ladders: Mapping[str, Ladder]) -> Item:
    missing = [name for name in ("climb", "bench") if not any(getattr(ladder, name) for ladder in ladders.values())]
    if not any((ROOT / "benchmarks").glob(f"{chapter.id}-*.json")):
        missing.append(f"benchmarks/{chapter.id}-*.json")
    return item("climb and benchmark", f"declared in ladder.py; rungs bench {chapter.id} --write", missing=missing)


def checkpoint(chapter: Chapter) -> Item:
    there = list(chapter.path.glob("paper/checkpoints/*.safetensors"))
    missing = [] if there else ["paper/checkpoints/*.safetensors"]
    missing += [f"{path.name} is too large" for path in there if path.stat().st_size >= CHECKPOINT_MB * 2**20]
    return item("checkpoint", f"a small trained model, below {CHECKPOINT_MB} MB", missing=missing)


def page(chapter: Chapter, name: str) -> Item:
    """A page of the path, with its headings."""
    path = chapter.path / name
    parts = re.split(r"^## (.+)$", path.read_text(encoding="utf-8") if path.exists() else "", flags=re.MULTILINE)
    sections = {"the beginning": parts[0]} | dict(zip(parts[1::2], parts[2::2], strict=True))
    missing = [] if path.exists() else ["the page"]
    missing += [heading for heading in SECTIONS[name] if not any(there.startswith(heading) for there in sections)]
    template = [heading for heading, text in sections.items() if MARK in text]
    return item(name, "its sections, as in chapter 01", missing=missing, template=template)


def exercises(chapter: Chapter) -> Item:
    """Six or more, of every kind."""
    own = chapter_exercises(chapter.id)
    missing = [f"{len(own)} of {EXERCISES}"] if len(own) < EXERCISES else []
    missing += [f"none of kind {kind}" for kind in KINDS if kind not in {exercise.kind for exercise in own}]
    template = [f"{exercise.alias} as begun" for exercise in own if marked(exercise.path / "exercise.toml")]
    return item("exercises", "docs/05_Writing_Exercises.md", missing=missing, template=template)


def questions(chapter: Chapter) -> Item:
    """Twelve or more, with answers."""
    count = len(load_questions(chapter))
    missing = [f"{count} of {QUESTIONS}"] if count < QUESTIONS else []
    return item("questions", "questions.toml, with answers", missing=missing)


def manifest_entry(chapter: Chapter) -> Item:
    template = [
        key for key, known in {"concepts": chapter.concepts, "paper": MARK not in chapter.paper}.items() if not known
    ]
    return item("manifest", "complete the entry in chapters.toml", template=template)


def guide(chapter: Chapter) -> Item:
    """A section of the learning guide; its heading ends with the chapter's title."""
    headings = re.findall(r"^### (.+)$", (ROOT / "00_Overview.md").read_text(encoding="utf-8"), re.MULTILINE)
    missing = (
        [] if any(heading.endswith(chapter.title) for heading in headings) else [f"### {chapter.id} {chapter.title}"]
    )
    return item("guide", "a section of 00_Overview.md", missing=missing)
