"""`rungs bench`: a training step of every level and reference, timed side by side in one run, as ratios."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rungs.errors import RungsError
from rungs.names import chapter_called, ladder_called
from rungs.options import ChapterName, Json, LadderName
from rungs.running.race import STEPS, Race, contenders_of, race, table
from rungs.running.threads import same_threads
from utils.chapters import ROOT, Chapter

if TYPE_CHECKING:
    from utils.ladder import Bench, Ladder

EXAMPLE = "rungs bench 03 --threads 1"


def bench(
    chapter_name: ChapterName,
    ladder_name: LadderName = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads for NumPy and torch alike; default and most: all cores.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds; each times every contender.")] = 30,
    write: Annotated[bool, typer.Option("--write", help="Write a receipt into benchmarks/.")] = False,
    as_json: Json = False,
) -> None:
    """Time a training step of every level, as ratios."""
    chapter = chapter_called(chapter_name)
    _within_the_cores(threads)
    from rich.console import Console

    console = Console(stderr=as_json, highlight=False)
    with console.status(f"loading chapter {chapter.id} and torch"):
        from utils.ladder import load_ladders

        ladders = load_ladders(chapter.id)
    if ladder_name is None:
        chosen = [ladder for ladder in ladders.values() if ladder.bench]
        if not chosen:
            raise RungsError(f"chapter {chapter.id} declares no `bench` in its ladders: {', '.join(ladders)}")
    else:
        chosen = [ladder_called(ladders, ladder_name, chapter)]
    reports = []
    for ladder in chosen:
        if ladder.bench is None:
            raise RungsError(f"ladder {ladder.name!r} of chapter {chapter.id} declares no `bench`")
        with same_threads(threads) as count:
            result = race(contenders_of(ladder, ladder.bench), count, rounds, console)
        reports.append(as_dict(result, chapter, ladder, ladder.bench, rounds))
        if not as_json:
            console.print(
                f"[bold]{chapter.title}[/] ({ladder.name}): one training step, {ladder.bench.what}, float32, "
                f"{count} thread{'s' * (count != 1)}, {rounds} round{'s' * (rounds != 1)}; ratios of {result.ratio_of}"
            )
            console.print(table(result))
        if result.load.busy:
            console.print(f"[yellow]The machine was busy:[/] {result.load}. {_worth(result)}")
        if write:
            path = write_receipt(reports[-1])
            if not as_json:
                console.print(f"Receipt: {path.relative_to(ROOT)}")
    if as_json:
        print(json.dumps(reports, indent=2))


def _within_the_cores(threads: int | None) -> None:
    from utils.receipts import cores

    if threads is not None and threads > cores():
        raise RungsError(f"--threads must be at most {cores()}, the cores that Rungs can use here, got {threads}")


def _worth(result: Race) -> str:
    if result.ratio_of == "CPU time":
        return "The ratios are of CPU times, which suffer less from it than the wall times."
    return "The ratios are of wall times, and mean little: run it again when the machine is idle, or with --threads 1."


def as_dict(result: Race, chapter: Chapter, ladder: Ladder, settings: Bench, rounds: int) -> dict[str, Any]:
    return {
        "chapter": chapter.id,
        "ladder": ladder.name,
        "what": f"one training step, {settings.what}, float32",
        "threads": result.threads,
        "rounds": rounds,
        "steps_per_round": STEPS,
        "base": result.base.name,
        "ratio_of": result.ratio_of,
        "load": {
            "others": round(result.load.others, 3),
            "waiting": round(result.load.waiting, 3),
            "busy": result.load.busy,
        },
        "contenders": {
            c.name: {
                "median_ms": round(1e3 * c.median, 4),
                "quartiles_ms": [round(1e3 * q, 4) for q in c.quartiles],
                "cpu_ms": round(1e3 * c.cpu_mean, 4),
                "ratio": round(result.ratio(c), 4),
            }
            for c in result.contenders
        },
    }


def write_receipt(report: dict[str, Any]) -> Path:
    """benchmarks/<chapter>-<ladder>-<threads>t.json, with the machine, the versions and the commit."""
    from utils import files, receipts

    state = {"hardware": receipts.hardware(), "versions": receipts.versions(), "commit": receipts.commit()}
    plain = {k: v.model_dump(mode="json") if hasattr(v, "model_dump") else v for k, v in state.items()}
    path = ROOT / "benchmarks" / f"{report['chapter']}-{report['ladder']}-{report['threads']}t.json"
    path.parent.mkdir(exist_ok=True)
    files.write_json_atomic(path, {**report, **plain})
    return path
