"""The generated blocks of the pages: a function for each, called with the page that has the block."""

from __future__ import annotations

import ast
import itertools
import json
import os
import re
from collections.abc import Callable
from pathlib import Path

from rungs.catalogue.exercise import KINDS
from rungs.catalogue.loading import all_exercises
from rungs.errors import RungsError
from rungs.pages.graph import chapter_graph
from rungs.quiz.page import questions_markdown
from rungs.reading.anchors import anchors_table
from utils.chapters import LEVELS, ROOT, Chapter, all_chapters, written_chapters


def chapter_of(path: Path) -> Chapter:
    for chapter in written_chapters():
        if path.is_relative_to(chapter.path):
            return chapter
    raise RungsError(f"{path.relative_to(ROOT)}: this generated block belongs into the pages of a chapter")


def receipts_block(path: Path) -> str:
    from utils import receipts

    found = receipts.read_receipts(chapter_of(path).path)
    return receipts.render_table(found, path.parent) if found else "Not run yet."


def deviations_block(path: Path) -> str:
    """| what | why | pinned by |, over all ladders of the chapter; the same entry of two ladders stands once."""
    from utils.ladder import load_ladders

    rows: dict[tuple[str, str, str], list[str]] = {}
    ladders = load_ladders(chapter_of(path).id)
    for ladder in ladders.values():
        for deviation in ladder.deviations:
            rows.setdefault((deviation.what, deviation.why, deviation.test), []).append(ladder.name)
    if not rows:
        return "None."
    body = []
    for (what, why, test), names in rows.items():
        whose = f" ({', '.join(names)})" if len(names) < len(ladders) else ""
        body.append(f"| {_cell(what)}{whose} | {_cell(why)} | {_pinned(test, path.parent)} |")
    return "\n".join(["| deviation | why | pinned by |", "| --- | --- | --- |", *body])


def mistakes_block(path: Path) -> str:
    """| mistake | level | the suite names | why it is wrong |, over all ladders of the chapter."""
    from utils.ladder import load_ladders

    lines = [
        "| ladder | planted mistake | level | the suite names | why it is wrong |",
        "| --- | --- | --- | --- | --- |",
    ]
    for ladder in load_ladders(chapter_of(path).id).values():
        for index, mistake in enumerate(ladder.mistakes):
            cells = (mistake.name, LEVELS[mistake.level], mistake.first, mistake.why)
            lines.append(f"| {'' if index else ladder.name} | {' | '.join(map(_cell, cells))} |")
    return "\n".join(lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _pinned(test: str, folder: Path) -> str:
    file, _, name = test.partition("::")
    if name and (ROOT / file).exists():
        return f"[`{name}`]({os.path.relpath(ROOT / file, folder)})"
    return _cell(test)


def chapters_block(path: Path) -> str:
    """The map as a table: chapters in order, which levels are there, what is planned."""
    lines = [
        "| | chapter | after | " + " | ".join(LEVELS.values()) + " |",
        "| --- | --- | --- | " + " | ".join(":-:" for _ in LEVELS) + " |",
    ]
    for chapter in all_chapters():
        page = chapter.path / "README.md"
        title = f"[{chapter.title}]({os.path.relpath(page, path.parent)})" if page.exists() else chapter.title
        cells = []
        for level in LEVELS:
            there = level in chapter.levels
            folder = os.path.relpath(chapter.path / level, path.parent)
            # The site has a page for the folder once the chapter has one.
            cells.append("planned" if not there else f"[yes]({folder})" if page.exists() else "yes")
        needs = ", ".join(chapter.needs) or "-"
        lines.append(f"| {chapter.id} | {title} | {needs} | {' | '.join(cells)} |")
    return "\n".join(lines)


def graph_block(path: Path) -> str:
    return chapter_graph()


def benchmarks_block(path: Path) -> str:
    """The receipts of `rungs bench --write` of one chapter, or of all outside a chapter."""
    mine = None if not any(path.is_relative_to(c.path) for c in written_chapters()) else chapter_of(path)
    lines = [
        "| model | what | threads | contender | wall ms/step | CPU ms/step | ratio | of |",
        "| --- | --- | --- | --- | ---: | ---: | ---: | --- |",
    ]
    for file in sorted((ROOT / "benchmarks").glob("*.json")):
        report = json.loads(file.read_text(encoding="utf-8"))
        if mine is not None and report["chapter"] != mine.id:
            continue
        head = f"[{report['ladder']}]({os.path.relpath(file, path.parent)}) | {report['what']} | {report['threads']}"
        # Receipts of before CPU times were taken have neither of the two.
        ratio_of = report.get("ratio_of", "wall time")
        if report.get("load", {}).get("busy"):
            ratio_of += ", machine busy"
        for name, row in report["contenders"].items():
            cpu = f"{row['cpu_ms']:.2f}" if "cpu_ms" in row else "-"
            lines.append(f"| {head} | {name} | {row['median_ms']:.2f} | {cpu} | {row['ratio']:.2f} | {ratio_of} |")
            head, ratio_of = " | | ", ""
    return "\n".join(lines) if len(lines) > 2 else "Not measured yet."


def exercises_block(path: Path) -> str:
    """The exercises of the chapter, and its capstones."""
    chapter = chapter_of(path)
    lines = ["| | exercise | kind | level | difficulty | minutes |", "| --- | --- | --- | --- | :-: | ---: |"]
    for exercise in all_exercises():
        if exercise.chapter == chapter:
            link = os.path.relpath(exercise.path / "README.md", path.parent)
            what = f"[{exercise.title}]({link}) | {KINDS[exercise.kind]} | {LEVELS[exercise.level]}"
            lines.append(f"| {exercise.alias} | {what} | {exercise.difficulty} of 5 | {exercise.minutes} |")
    start = (
        f"`rungs start {chapter.id}.1` puts the first one into `my_work/`, `rungs watch {chapter.id}.1` checks it at every "
        f"save. The capstone is a level of your own: `rungs start {chapter.id}.numpy` writes its skeleton, and "
        f"`rungs verify {chapter.id} --mine` proves what you have so far."
    )
    return "\n".join([*lines, "", start])


def questions_block(path: Path) -> str:
    """The questions of the chapter, each folded with its answer."""
    return questions_markdown(chapter_of(path), path.parent)


def anchors_block(path: Path) -> str:
    """What the production reading is pinned to, beside what does the same in our code."""
    return anchors_table(chapter_of(path), path.parent)


def option_costs_block(path: Path) -> str:
    """The options of the production model, each with its paper and its measured cost: production/results/options.json."""
    report = json.loads((chapter_of(path).path / "production" / "results" / "options.json").read_text(encoding="utf-8"))
    lines = [
        "| option | what for | from | parameters | multiply-adds | time |",
        "| --- | --- | --- | ---: | ---: | ---: |",
    ]
    base = next(iter(report["rows"].values()))
    for name, row in report["rows"].items():
        more = row["parameters"] - base["parameters"]
        cells = (
            name,
            row["what"],
            row["paper"],
            f"{row['parameters']:,}" if row is base else f"{more:+,}" if more else "0",
            f"{row['multiply_adds_1e9']:.2f}",
            f"{row['time_ratio']:.2f}",
        )
        lines.append("| " + " | ".join(cells) + " |")
    used = report["versions"]
    note = (
        f"{report['model']}. Parameters: the difference to the first row. Multiply-adds in 1e9, counted for "
        f"{report['counted_at']}. Time as a ratio to the first row: {report['timed']}; {report['hardware']['cpu']}, "
        f"torch {used['torch']}, timm {used['timm']} ([record](results/options.json))."
    )
    return "\n".join([*lines, "", note])


def files_block(path: Path) -> str:
    """The map of utils/ and rungs/: every file with the first sentence of its docstring, packages in bold."""
    lines = ["| file | what it is |", "| --- | --- |"]
    files = [file for folder in ("utils", "rungs") for file in (ROOT / folder).rglob("*.*")]
    files = [file for file in files if file.suffix in (".py", ".toml") and "templates" not in file.parts]
    for file in sorted(files, key=lambda file: (file.is_relative_to(ROOT / "rungs"), file.parent, file.name)):
        link = os.path.relpath(file, path.parent)
        if file.name != "__init__.py":
            lines.append(f"| [{file.name}]({link}) | {_cell(first_sentence(file))} |")
        elif about := first_sentence(file):
            lines.append(
                f"| **[{file.parent.relative_to(ROOT).as_posix()}/]({os.path.dirname(link)})** | {_cell(about)} |"
            )
    return "\n".join(lines)


def first_sentence(file: Path) -> str:
    """Of a module's docstring, or of the comment that a TOML file begins with."""
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".py":
        text = ast.get_docstring(ast.parse(text)) or ""
    else:
        comment = itertools.takewhile(lambda line: line.startswith("#"), text.splitlines())
        text = "\n".join(line.removeprefix("# ") for line in comment)
    sentence = re.split(r"(?<=\.)\s", " ".join(text.partition("\n\n")[0].split()), maxsplit=1)[0]
    return sentence.replace("<", "&lt;")


BLOCKS: dict[str, Callable[[Path], str]] = {
    "receipts": receipts_block,
    "deviations": deviations_block,
    "mistakes": mistakes_block,
    "chapters": chapters_block,
    "chapter-graph": graph_block,
    "benchmarks": benchmarks_block,
    "exercises": exercises_block,
    "questions": questions_block,
    "anchors": anchors_block,
    "option-costs": option_costs_block,
    "files": files_block,
}
"""Name of a block -> what makes it, given the page that it stands in."""
