"""The chapter's figures: `python unet/paper/plot_unet.py` writes them to `figures/`, without a download.

TODO(rungs new): figures that show what the chapter explains, each with a sentence on the page.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from train_unet import SIZES
from unet_data import SCALES, error, load_task

from utils.figures.curves import curves
from utils.figures.saving import save
from utils.ladder import load_ladders
from utils.scripts import plot_command
from utils.training_utils import streams

FIGURES = Path(__file__).parents[1] / "figures"


def plot_error(folder: Path) -> Path:
    """The test error over 60 steps of gradient descent, for three learning rates."""
    level, train, test = load_ladders("unet")["unet"].level("numpy", **SIZES), load_task("train"), load_task("test")
    series = {}
    for lr in (0.3, 1.0, 3.0):
        trainer = level.start(level.fresh(streams(0, "init")["init"]), lr=lr)
        errors = [error(trainer, test)]
        for _ in range(60):
            trainer.step(train)
            errors.append(error(trainer, test))
        series[f"learning rate {lr:g}"] = np.array(errors)
    title = f"Finding {len(SCALES)} scales"
    return save(curves(series, ylabel="mean squared error", log=True, title=title), folder / "error.svg")


def draw(runs: Path, folder: Path) -> Iterable[Path]:
    """Every figure, into `folder`; none of them needs the runs."""
    folder.mkdir(parents=True, exist_ok=True)
    yield plot_error(folder)


if __name__ == "__main__":
    plot_command(draw, runs=Path("runs/reproduce/unet"), figures=FIGURES, about=__doc__)
