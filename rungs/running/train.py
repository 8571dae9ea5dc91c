"""`rungs train`: a chapter's own training script, with a level, a configuration and changes to it."""

from __future__ import annotations

import importlib
import json
import shlex
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated

import typer

from rungs.errors import RungsError
from rungs.names import chapter_called, ladder_called, level_called
from rungs.options import ChapterName, Json, LadderName
from utils.chapters import ROOT, Chapter

if TYPE_CHECKING:
    from utils.ladder import Ladder

EXAMPLE = "rungs train 03 --level numpy --config tiny --set lr=0.05"


def train(
    chapter_name: ChapterName,
    ladder_name: LadderName = None,
    level: Annotated[
        str, typer.Option("--level", "-l", help="numpy, pytorch_lowlevel (or lowlevel), paper.")
    ] = "paper",
    config: Annotated[
        str | None, typer.Option("--config", "-c", help="A name in paper/configs, or a YAML file.")
    ] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", "-s", metavar="KEY=VALUE", help="Change one setting; may be repeated."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the run; default runs/train/...")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue the run in that folder, bit for bit on as many threads.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Train one level fully; without --config, list the settings."""
    chapter = chapter_called(chapter_name)
    folder = chapter.path / "paper" / "configs"
    if config is None:
        list_configs(chapter, as_json=as_json)
        return
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    with console.status(f"loading chapter {chapter.id} and torch"):
        from utils.config import load_config
        from utils.ladder import load_ladders

        ladders = load_ladders(chapter.id)
        trained_ones = {name: ladder for name, ladder in ladders.items() if ladder.train_script}
        # the first that is trained: a chapter's first ladders may be parts of its model, such as one layer
        ladder = ladder_called(ladders if ladder_name else trained_ones or ladders, ladder_name, chapter)
        level = level_called(level, list(ladder.modules))
        script = script_of(ladder, chapter)
    settings = load_config(config, script.CONFIG, overrides or [], folder=folder)
    trained = getattr(settings, "ladder", ladder_name)
    if ladder_name is not None and trained != ladder_name:
        raise RungsError(f"configuration {config} trains ladder {trained!r}, not {ladder_name!r}")
    where = out or default_folder(chapter, config, level, overrides or [])
    console.print(f"{chapter.title}, {level}: {config} -> {where}", style="dim")
    try:
        metrics = script.main(settings, where, level=level, resume=resume)
    except KeyboardInterrupt:
        console.print("stopped; the same command with --resume goes on from the last checkpoint")
        raise
    if as_json:
        print(
            json.dumps(
                {"folder": str(where), "level": level, "config": settings.model_dump(mode="json"), "metrics": metrics},
                indent=2,
            )
        )
    else:
        for name, value in metrics.items():
            print(f"{name:<24} {value:.6g}" if isinstance(value, float) else f"{name:<24} {value}")
        print(f"Weights, log and checkpoint: {where}")


def script_of(ladder: Ladder, chapter: Chapter) -> ModuleType:
    """The module of paper/ that trains this ladder."""
    if not ladder.train_script:
        raise RungsError(f"ladder {ladder.name!r} of chapter {chapter.id} has no training script")
    return importlib.import_module(ladder.train_script)


def default_folder(chapter: Chapter, config: str, level: str, overrides: list[str]) -> Path:
    """runs/train/<chapter>-<config>-<level>[-<changes>]: other settings are another run."""
    changes = "".join(f"-{change.replace('/', '_')}" for change in overrides)
    return ROOT / "runs" / "train" / f"{chapter.id}-{Path(config).stem}-{level}{changes}"


def list_configs(chapter: Chapter, *, as_json: bool) -> None:
    """The named configurations, each with the comment at its top."""
    files = sorted((chapter.path / "paper" / "configs").glob("*.yaml"))
    if not files:
        raise RungsError(f"chapter {chapter.id} ({chapter.title}) has no configuration in paper/configs")
    about = {file.stem: first_comment(file) for file in files}
    if as_json:
        print(json.dumps(about, indent=2))
        return
    print(f"Configurations of chapter {chapter.id} ({chapter.folder}/paper/configs):")
    width = max(map(len, about))
    for name, text in about.items():
        print(f"  {name:<{width}}  {text}".rstrip())
    print(
        f"Train with one: rungs train {chapter.id} --config {shlex.quote('tiny' if 'tiny' in about else next(iter(about)))}"
    )


def first_comment(file: Path) -> str:
    """The comment lines at the top of a YAML file, as one line."""
    lines = []
    for line in file.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.lstrip("# ").rstrip())
    return " ".join(lines)
