"""What can be typed behind `rungs`. Each command imports what it needs when it runs, so that help and errors come at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rungs.errors import RungsError
from rungs.exercise.commands import register as register_exercises

app = typer.Typer(
    name="rungs",
    help="Every deep-learning model built at four rising levels, proved equal. Without a command: the map of the chapters.",
    epilog="Start here: rungs climb",
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Chapter = Annotated[
    str, typer.Argument(metavar="CHAPTER", help="Number, folder or short name: 03, lenet, 03_CNN_LeNet.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else on standard output.")]
LadderName = Annotated[str | None, typer.Option("--ladder", help="Which model of the chapter, where it has several.")]
LevelName = Annotated[str, typer.Option("--level", "-l", help="numpy, pytorch_lowlevel (or lowlevel), paper.")]


def _version(show: bool) -> None:
    if show:
        from importlib.metadata import version

        print(f"rungs {version('rungs')}")
        raise typer.Exit()


@app.callback()
def start(
    context: typer.Context,
    as_json: Json = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of every error; may stand anywhere.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None:  # "rungs" and "rungs --json" never come here: see rungs.cli
        from rungs.map import show_map

        show_map(as_json=as_json)
    elif as_json:
        raise RungsError(f"put --json behind the command: rungs {context.invoked_subcommand} ... --json")


@app.command(epilog="Example: rungs climb 03 --steps 300")
def climb(
    chapter: Chapter = "01",
    ladder: LadderName = None,
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
    from rungs.running.climb import climb as run

    run(chapter, ladder_name=ladder, steps=steps, seed=seed, out=out, as_json=as_json)


@app.command(epilog="Example: rungs verify 03 --level numpy --trace")
def verify(
    chapters: Annotated[list[str], typer.Argument(metavar="[CHAPTER]...", help="Chapters, or all.")] = ["all"],  # noqa: B006
    mine: Annotated[bool, typer.Option("--mine", help="Put your own file in the place of a level.")] = False,
    file: Annotated[
        Path | None, typer.Option("--file", "-f", help="Your file; default my_work/. Implies --mine.")
    ] = None,
    ladder: LadderName = None,
    level: Annotated[
        str | None, typer.Option("--level", "-l", help="Only this level; with --mine, the level you wrote.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, max=1000, help="Cases drawn for each proof.")] = 3,
    trace: Annotated[
        bool, typer.Option("--trace", help="Every activation and gradient with its largest difference.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Prove the levels equal: ours, or with your own file as one."""
    from rungs.running.verify import verify as run

    run(chapters, mine=mine, file=file, ladder_name=ladder, level=level, seeds=seeds, trace=trace, as_json=as_json)


@app.command(epilog="Example: rungs train 03 --level numpy --config tiny --set lr=0.05")
def train(
    chapter: Chapter,
    ladder: LadderName = None,
    level: LevelName = "paper",
    config: Annotated[
        str | None, typer.Option("--config", "-c", help="A name in paper/configs, or a YAML file.")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", "-s", metavar="KEY=VALUE", help="Change one setting; may be repeated."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the run; default runs/train/...")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the run in that folder, bit for bit.")] = False,
    as_json: Json = False,
) -> None:
    """Train one level fully; without --config, list the settings."""
    from rungs.running.train import train as run

    run(
        chapter,
        ladder_name=ladder,
        level=level,
        config=config,
        overrides=set_ or [],
        out=out,
        resume=resume,
        as_json=as_json,
    )


@app.command(epilog="Example: rungs reproduce 03 --only lenet5 --seeds 0,1,2")
def reproduce(
    chapter: Chapter,
    only: Annotated[
        list[str] | None, typer.Option("--only", help="Only the result of this name; may be repeated.")
    ] = None,
    seeds: Annotated[str | None, typer.Option("--seeds", help="Comma-separated; default: the chapter's own.")] = None,
    as_json: Json = False,
) -> None:
    """Train with the paper's settings and write the receipts."""
    from rungs.running.reproduce import reproduce as run

    run(chapter, only=only or [], seeds=seeds, as_json=as_json)


@app.command(epilog="Example: rungs read 05 --show BasicBlock.forward")
def read(
    chapter: Annotated[str | None, typer.Argument(metavar="[CHAPTER]")] = None,
    show: Annotated[
        str | None, typer.Option("--show", help="One anchor in full, ours below it: its number or the symbol's end.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Fail if the library's code has moved on; without CHAPTER, check all.")
    ] = False,
    renew: Annotated[
        bool, typer.Option("--renew", help="Take the installed code's hashes, once the guide was read against it.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Read the same model in the production library's code."""
    from rungs.reading.read import read as run

    run(chapter, show=show, check=check, renew_hashes=renew, as_json=as_json)


@app.command(epilog="Example: rungs bench 03 --threads 1")
def bench(
    chapter: Chapter,
    ladder: LadderName = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads for NumPy and torch alike; default: all cores.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds; each times every contender.")] = 30,
    write: Annotated[bool, typer.Option("--write", help="Write a receipt into benchmarks/.")] = False,
    as_json: Json = False,
) -> None:
    """Time a training step of every level, as ratios."""
    from rungs.running.bench import bench as run

    run(chapter, ladder_name=ladder, threads=threads, rounds=rounds, write=write, as_json=as_json)


@app.command(epilog="Example: rungs site --build")
def site(
    build: Annotated[bool, typer.Option("--build", help="Only build it, into site/; fails on any warning.")] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to serve on.")] = 8000,
) -> None:
    """Build the site and serve it on this machine."""
    from rungs.pages import building as pages

    if build:
        pages.build()
    else:
        pages.serve(port=port)


@app.command(epilog="Example: rungs doctor --json")
def doctor(as_json: Json = False) -> None:
    """What is installed and at hand, and how to get the rest."""
    from rungs.house.doctor import doctor as run

    run(as_json=as_json)


@app.command(epilog="Example: rungs refresh --check")
def refresh(
    check: Annotated[bool, typer.Option("--check", help="Change nothing; fail if a block is out of date.")] = False,
) -> None:
    """Rewrite the generated parts of the pages."""
    from rungs.pages.refresh import refresh as run

    run(check=check)


register_exercises(app)

PANELS = {
    "Climb": ("climb", "verify", "train", "reproduce", "bench", "read"),
    "Exercises": ("exercises", "start", "check", "hint", "solution", "reset", "watch"),
    "House": ("doctor", "site", "refresh"),
}
for command in app.registered_commands:
    assert command.callback is not None
    name = command.name or command.callback.__name__
    command.rich_help_panel = next(title for title, names in PANELS.items() if name in names)
