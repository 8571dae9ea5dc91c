"""`rungs climb`: every level trained side by side, from the same initial weights, on the same real batches."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rungs.errors import RungsError
from rungs.names import chapter_called, ladder_called
from rungs.options import ChapterName, Json, LadderName
from utils.chapters import ROOT, Chapter
from utils.files import expect_room

if TYPE_CHECKING:
    from utils.ladder import Ladder

FIGURE_BYTES = 2**18
"""More than the figure takes."""
EXAMPLE = "rungs climb 03 --steps 300"


def climb(
    chapter_name: ChapterName = "01",
    ladder_name: LadderName = None,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Optimizer steps; default: the chapter's own number.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="For the initial weights and the order of the data.")] = 0,
    out: Annotated[
        Path | None, typer.Option(help="The figure (.svg or .png); default runs/climb/CHAPTER-LADDER.svg.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Train every level side by side: same weights, same batches."""
    if out is not None and out.suffix.lower() not in (".svg", ".png"):
        raise RungsError(f"--out must end in .svg or .png, got {out.name!r}")
    chapter = chapter_called(chapter_name)
    if out is not None:
        expect_room(out, FIGURE_BYTES)
    from rich.console import Console

    console = Console(stderr=as_json, highlight=False)
    with console.status(f"loading chapter {chapter.id} and torch"):
        ladder = _ladder(chapter, ladder_name)
        settings = ladder.climb
        assert settings is not None
        steps = steps or settings.steps
    if not as_json:
        console.print(f"[bold]{chapter.title}[/] ({ladder.name})")
        console.print(f"on {settings.dataset}")
        console.print(f"same initial weights, same batches, {steps} steps, seed {seed}", style="dim")
    from rungs.running.threads import same_threads
    from rungs.running.tracks import as_dict, figure, table, train

    with same_threads(1):  # at these sizes more threads wait for one another, and longest on a busy machine
        tracks = train(ladder, settings, steps, seed, console)
    from utils.figures.saving import save

    path = out or ROOT / "runs" / "climb" / f"{chapter.id}-{ladder.name}.svg"
    save(figure(tracks, chapter.title, settings.metric), path)
    shown = str(path.resolve().relative_to(Path.cwd())) if path.resolve().is_relative_to(Path.cwd()) else str(path)
    if as_json:
        print(json.dumps(as_dict(tracks, chapter, ladder, settings, steps, seed, shown), indent=2))
        return
    if not console.is_terminal:  # on a terminal the live table has just shown its last state
        console.print(table(tracks, steps, steps, settings.metric))
    worst = max(track.differences[-1] for track in tracks)
    console.print(f"After {steps} steps, no parameter differs by more than [bold]{worst:.1e}[/] between the levels.")
    console.print(f"Curves: {shown}")


def _ladder(chapter: Chapter, name: str | None) -> Ladder:
    from utils.ladder import load_ladders

    ladders = load_ladders(chapter.id)
    if name is None:
        name = next((key for key, ladder in ladders.items() if ladder.climb), None)
    ladder = ladder_called(ladders, name, chapter)
    if ladder.climb is None:
        raise RungsError(f"ladder {ladder.name!r} of chapter {chapter.id} has nothing to climb: it declares no `climb`")
    return ladder
