"""`rungs reproduce`: train and evaluate with the paper's settings, write the receipts, refresh the tables."""

from __future__ import annotations

import importlib
import inspect
import json
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
    as_json: Json = False,
) -> None:
    """Train with the paper's settings and write the receipts."""
    chapter = chapter_called(chapter_name)
    numbers = parse_seeds(seeds)
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    with console.status(f"loading chapter {chapter.id} and torch"):
        scripts = scripts_of(chapter)
    written = []
    for script in scripts:
        options: dict[str, Any] = {}
        if numbers is not None:
            options["seeds"] = numbers
        if only:
            options["only"] = only
        taken = inspect.signature(script.reproduce).parameters
        for name in options:
            if name not in taken:
                raise RungsError(f"{script.__name__} of chapter {chapter.id} takes no --{name}")
        written += script.reproduce(ROOT / "runs" / "reproduce" / chapter.id, **options)
    if unknown := set(only or ()) - {receipt.name for receipt in written}:
        from utils.receipts import read_receipts

        name, known = sorted(unknown)[0], [receipt.name for receipt in read_receipts(chapter.path)]
        raise RungsError(f"chapter {chapter.id} has no result {name!r}{suggestion(name, known)}")
    from rungs.pages.refresh import rewrite

    rewrite()
    if as_json:
        print(json.dumps([receipt.model_dump(mode="json") for receipt in written], indent=2))
    else:
        for receipt in written:
            print(summary(receipt))
        print(f"Receipts: {chapter.folder}/paper/results; the tables of the pages are up to date")
    missed = [receipt.name for receipt in written if receipt.met is False]
    if missed:
        raise Failed(f"target not met: {', '.join(missed)}")


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
