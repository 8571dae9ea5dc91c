"""`rungs reproduce`: train and evaluate with the paper's settings, write the receipts, refresh the tables."""

from __future__ import annotations

import importlib
import inspect
import json
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import typer

from rungs.errors import Failed, RungsError
from rungs.names import chapter_called, suggestion
from rungs.options import ChapterName, Json
from utils.chapters import ROOT, Chapter

EXAMPLE = "rungs reproduce 03 --only lenet5 --seeds 0,1,2"


def reproduce(
    chapter_name: ChapterName,
    only: Annotated[
        list[str] | None, typer.Option("--only", help="Only the result of this name; may be repeated.")
    ] = None,
    seeds: Annotated[str | None, typer.Option("--seeds", help="Comma-separated; default: the chapter's own.")] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option(
            "--set", "-s", metavar="KEY=VALUE", help="Other settings; the chapter's receipts stay as they are."
        ),
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="A receipt may lose seeds that it has.")] = False,
    as_json: Json = False,
) -> None:
    """Train with the paper's settings and write the receipts."""
    chapter = chapter_called(chapter_name)
    numbers = parse_seeds(seeds)
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    with console.status(f"loading chapter {chapter.id} and torch"):
        scripts = scripts_of(chapter)
    known = known_results(chapter, scripts)
    for name in only or ():
        if name not in known:
            raise RungsError(f"chapter {chapter.id} has no result {name!r}{suggestion(name, known)}")
    given = {"seeds": numbers, "only": only, "overrides": overrides, "replace": replace}
    options = {name: value for name, value in given.items() if value}
    for script in scripts:
        taken = inspect.signature(script.reproduce).parameters
        for name in options:
            if name not in taken:
                option = {"overrides": "set"}.get(name, name)
                raise RungsError(f"{script.__name__} of chapter {chapter.id} takes no --{option}")
    folder = ROOT / "runs" / "reproduce" / chapter.id
    for script in scripts:
        for line in to_train(script, chapter, folder, **options):
            console.print(line, style="dim")
    written = [receipt for script in scripts for receipt in script.reproduce(folder, **options)]
    if not overrides:
        from rungs.pages.refresh import rewrite

        rewrite()
    if as_json:
        print(json.dumps([receipt.model_dump(mode="json") for receipt in written], indent=2))
    else:
        for receipt in written:
            print(summary(receipt))
        print(where(chapter, folder, overrides or []))
    missed = [receipt.name for receipt in written if receipt.met is False]
    if missed:
        raise Failed(f"target not met: {', '.join(missed)}")


def known_results(chapter: Chapter, scripts: list[ModuleType]) -> list[str]:
    """What `--only` may name: what the scripts train, and what else has a receipt."""
    from utils.receipts import read_receipts

    trained = (name for script in scripts for name in getattr(script, "RESULTS", {}))
    return list(dict.fromkeys((*trained, *(receipt.name for receipt in read_receipts(chapter.path)))))


def to_train(script: ModuleType, chapter: Chapter, folder: Path, **options: Any) -> list[str]:
    """What is about to be trained, and what it cost the last time."""
    from utils.receipts import read_receipts
    from utils.reproduction import changed_folder, plan

    defaults = inspect.signature(script.reproduce).parameters
    results = getattr(script, "RESULTS", {})
    names = [name for name in results if name in options.get("only", results)]
    seeds = options.get("seeds") or defaults["seeds"].default
    there = changed_folder(folder, options.get("overrides", ()))
    return plan(results, names, seeds, there, read_receipts(chapter.path))


def where(chapter: Chapter, folder: Path, overrides: list[str]) -> str:
    from utils.reproduction import changed_folder

    if overrides:
        return f"Receipts: {changed_folder(folder, overrides)}; those of the chapter are as they were"
    return f"Receipts: {chapter.folder}/paper/results; the tables of the pages are up to date"


def parse_seeds(text: str | None) -> tuple[int, ...] | None:
    if text is None:
        return None
    try:
        seeds = tuple(int(part) for part in text.split(","))
    except ValueError:
        raise RungsError(f"--seeds expects numbers with commas between, such as 0,1,2; got {text!r}") from None
    if len(set(seeds)) != len(seeds) or min(seeds) < 0:
        raise RungsError(f"--seeds expects different numbers from 0 on, got {text!r}")
    return seeds


def scripts_of(chapter: Chapter) -> list[ModuleType]:
    """The training scripts of the chapter that reproduce something, each once."""
    from utils.ladder import load_ladders

    names = dict.fromkeys(ladder.train_script for ladder in load_ladders(chapter.id).values() if ladder.train_script)
    scripts = [importlib.import_module(name) for name in names]
    able = [script for script in scripts if hasattr(script, "reproduce")]
    if not able:
        raise RungsError(f"chapter {chapter.id} ({chapter.title}) has nothing to reproduce")
    return able


def summary(receipt: Any) -> str:
    paper = "" if receipt.paper_value is None else f", paper {receipt.paper_value:g} {receipt.unit}".rstrip()
    verdict = {True: ", target met", False: ", target NOT met", None: ""}[receipt.met]
    return f"{receipt.name}: {receipt.metric} {receipt.summary}{paper}{verdict}"
