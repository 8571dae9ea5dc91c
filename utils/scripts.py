"""The command lines of a chapter's scripts, and their smallest runs for its ladder.

A training script writes out its loop in `main(config, folder, *, level, resume)`, and ends with

    if __name__ == "__main__":
        print(train_command(main, CONFIG, CONFIGS, chapter="03", about=__doc__))
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel

from utils.chapters import LEVELS
from utils.config import load_config
from utils.errors import sentence
from utils.ladder import Script


class Main(Protocol):
    """`main` of a training script: it trains, and returns the final metrics; the folder gets log, checkpoints and results."""

    def __call__(
        self, config: Any, folder: Path, *, level: str = "paper", resume: bool = False
    ) -> dict[str, float]: ...


def train_command(
    main: Main, model: type[BaseModel], configs: Path, *, chapter: str, about: str | None
) -> dict[str, float]:
    """Train as the command line says: `--config`, `--level`, `--out`, `--set`, `--resume`. Returns the metrics of `main`.

    Args:
        model: the pydantic model of the configuration.
        configs: the chapter's `paper/configs`.
        chapter: its id; without `--out` the run goes to runs/train/<chapter>-<config>-<level>.
        about: the script's docstring, for `--help`.

    An error that the reader can act on ends the script with one sentence and its exit status, see `utils.errors`.
    """
    parser = _parser(about)
    parser.add_argument("--config", default="tiny", help="a name in configs/, or a path")
    parser.add_argument("--level", default="paper", choices=[level for level in LEVELS if level != "production"])
    parser.add_argument("--out", type=Path, default=None, help="folder for log and checkpoints")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--resume", action="store_true")
    given = parser.parse_args()
    with sentences():
        config = load_config(given.config, model, given.set, folder=configs)
        out = given.out or Path("runs") / "train" / f"{chapter}-{Path(given.config).stem}-{given.level}"
        return main(config, out, level=given.level, resume=given.resume)


@contextmanager
def sentences() -> Iterator[None]:
    """An error in the block that the reader can act on ends the script with one sentence and its exit status."""
    try:
        yield
    except Exception as error:
        if (told := sentence(error)) is None:
            raise
        print(f"error: {told[0]}", file=sys.stderr)
        raise SystemExit(told[1]) from None


def folder_argument(about: str | None) -> Path:
    """The one argument of an evaluation script: the folder of a run."""
    parser = _parser(about)
    parser.add_argument("folder", type=Path, help="the folder of a run")
    return parser.parse_args().folder


def plot_command(draw: Callable[[Path, Path], Iterable[Path]], *, runs: Path, figures: Path, about: str | None) -> None:
    """Draw the figures of the runs in `--runs` into `--out`, and print their paths.

    Args:
        draw: gets both folders, and returns the paths of what it has drawn.
        runs, figures: the folders where the command line names none.
        about: the script's docstring, for `--help`.
    """
    parser = _parser(about)
    parser.add_argument("--runs", type=Path, default=runs)
    parser.add_argument("--out", type=Path, default=figures)
    given = parser.parse_args()
    for path in draw(given.runs, given.out):
        print(path)


def _parser(about: str | None) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)


def tiny_run(script: str, config: str, level: str, *changes: str) -> Script:
    """A short run of a training script, for the `scripts` of a ladder.

    Args:
        script: its module, which has `main`, `CONFIG` and `CONFIGS`; imported when it runs.
        config: a name in `CONFIGS`.
        changes: "key=value", as after `--set`.
    """

    def run(folder: Path) -> object:
        module = importlib.import_module(script)
        return module.main(load_config(config, module.CONFIG, changes, folder=module.CONFIGS), folder, level=level)

    name = " ".join((script, "--config", config, "--level", level, *(f"--set {change}" for change in changes)))
    return Script(name, run)
