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
from rungs.pages import graph, ledger
from rungs.pages.ledger import cell
from rungs.pages.path import path_list
from rungs.reading.anchors import anchors_table
from utils.chapters import LEVELS, ROOT, Chapter, all_chapters, written_chapters


def chapter_of(path: Path) -> Chapter:
    for chapter in written_chapters():
        if path.is_relative_to(chapter.path):
            return chapter
    raise RungsError(f"{path.relative_to(ROOT)}: this generated block belongs into the pages of a chapter")


def each_chapter(path: Path, block: Callable[[Chapter], str]) -> str:
    """The block of the chapter that the page is in; outside a chapter those of all, each below its title."""
    if mine := next((chapter for chapter in written_chapters() if path.is_relative_to(chapter.path)), None):
        return block(mine)
    return "\n\n".join(f"## {_title(chapter)}\n\n{block(chapter)}" for chapter in written_chapters())


def _title(chapter: Chapter) -> str:
    return f"{chapter.id} {chapter.title}" if chapter.id.isdigit() else chapter.title


def results_block(path: Path, name: str) -> str:
    """The table of that name in the chapter's results.toml."""
    from rungs.pages import results

    return results.results_table(chapter_of(path), name, path.parent)


def receipts_block(path: Path) -> str:
    """In a chapter its receipts that are in no table of results.toml, elsewhere all receipts."""
    from rungs.pages import results

    if any(path.is_relative_to(chapter.path) for chapter in written_chapters()):
        return results.other_results(chapter_of(path), path.parent)
    return each_chapter(path, lambda chapter: results.all_results(chapter, path.parent))


def reproduction_block(path: Path) -> str:
    """How many of the chapter's targets are met."""
    from rungs.pages import results

    return results.reproduction(chapter_of(path), path.parent)


def path_block(path: Path) -> str:
    """The path through the chapter."""
    return path_list(chapter_of(path), path.parent)


def deviations_block(path: Path) -> str:
    """Where the chapter, or outside one each of them, departs from its paper."""
    return each_chapter(path, lambda chapter: ledger.deviations_table(chapter, path.parent))


def mistakes_block(path: Path) -> str:
    """The planted mistakes of the chapter, or outside one of each of them, as questions with folded answers."""
    return f"{ledger.ASK}\n\n{each_chapter(path, ledger.mistakes_list)}"


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
    return f"![The chapters, and what each needs]({os.path.relpath(graph.FILE, path.parent)})"


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
    exercises = [exercise for exercise in all_exercises() if exercise.chapter == chapter]
    lines = ["| | exercise | kind | level | difficulty | minutes |", "| --- | --- | --- | --- | :-: | ---: |"]
    for exercise in exercises:
        link = os.path.relpath(exercise.path / "README.md", path.parent)
        what = f"[{exercise.title}]({link}) | {KINDS[exercise.kind]} | {LEVELS[exercise.level]}"
        lines.append(f"| {exercise.alias} | {what} | {exercise.difficulty} of 5 | {exercise.minutes} |")
    first = exercises[0].alias if exercises else f"{chapter.id}.1"
    start = (
        f"`rungs start {first}` puts the first one into `my_work/`, and `rungs watch {first}` checks it every time you "
        f"save it. The capstone is a level of your own: `rungs start {chapter.id}.numpy` writes its skeleton, and "
        f"`rungs verify {chapter.id} --mine` proves what you have so far."
    )
    return "\n".join([*lines, "", start])


def changes_block(path: Path) -> str:
    """What the checkers made of changed solutions: docs/exercise_mutations.json."""
    from rungs.checking.mutation import receipt

    found = receipt()
    lines = [
        "| exercise | tried | refused | allowed, and why | not refused yet |",
        "| --- | ---: | ---: | --- | ---: |",
    ]
    for exercise in all_exercises():
        if exercise.id in found:
            row = found[exercise.id]
            allowed = "; ".join(f"{cell(change)}: {cell(why)}" for change, why in row["allowed"].items()) or "-"
            name = f"[{exercise.alias}]({os.path.relpath(exercise.path / 'README.md', path.parent)})"
            lines.append(f"| {name} | {row['tried']} | {row['refused']} | {allowed} | {len(row['passed'])} |")
    return "\n".join(lines)


def questions_block(path: Path) -> str:
    """The questions of the chapter, or outside one of each of them, each folded with its answer."""
    from rungs.quiz.page import questions_markdown

    return each_chapter(path, lambda chapter: questions_markdown(chapter, path.parent))


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
            lines.append(f"| [{file.name}]({link}) | {cell(first_sentence(file))} |")
        elif about := first_sentence(file):
            lines.append(
                f"| **[{file.parent.relative_to(ROOT).as_posix()}/]({os.path.dirname(link)})** | {cell(about)} |"
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


BLOCKS: dict[str, Callable[..., str]] = {
    "results": results_block,
    "receipts": receipts_block,
    "reproduction": reproduction_block,
    "path": path_block,
    "deviations": deviations_block,
    "mistakes": mistakes_block,
    "chapters": chapters_block,
    "chapter-graph": graph_block,
    "benchmarks": benchmarks_block,
    "exercises": exercises_block,
    "changes": changes_block,
    "questions": questions_block,
    "anchors": anchors_block,
    "option-costs": option_costs_block,
    "files": files_block,
}
"""Name of a block -> what makes it, given the page that it is on and what follows its name: `results NAME`."""
