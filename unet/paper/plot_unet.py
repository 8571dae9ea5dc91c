"""The chapter's figures: `python unet/paper/plot_unet.py` writes them to `figures/`.

Those of the data need nothing. The others are drawn from the runs that there are in `--runs`, in a file for each data set. The
runs on synthetic cells take a minute of one core: `rungs reproduce unet --only cells --only cells_no_skips --seeds 0`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from deformation import deformed_grid, sample
from evaluate_unet import Run, held_out, maps_of, predictions
from segmentation_metrics import THRESHOLDS, pixel_error, rand_error
from train_unet import CONFIG
from unet_data import make_cells

from utils.figures.curves import curves
from utils.figures.images import feature_maps, image_grid
from utils.figures.saving import save
from utils.saved_runs import read_run
from utils.scripts import plot_command
from utils.training_utils import streams

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FIGURES = Path(__file__).parents[1] / "figures"


# ---- of the data ----


def plot_slices() -> Figure:
    """Two synthetic slices: image, classes, cells one by one, weights of equation 2."""
    rows, titles = [], []
    for one in make_cells("train", count=2):
        rows += [one.image, one.labels, one.cells * 7 % 11, np.minimum(one.weights, 10.0)]
        titles += ["image", "classes", f"{one.cells.max()} cells", "weights"]
    return image_grid([standard(a) for a in rows], titles, 4)


def plot_grids() -> Figure:
    """A lattice and a slice, as they are and after three draws of rotation and elastic deformation."""
    (one, *_), side = make_cells("train"), 128
    lattice = np.ones((side, side))
    lattice[::16] = lattice[:, ::16] = 0.0
    rng = streams(0, "data")["data"]
    grids = [np.mgrid[:side, :side].astype(float)] + [deformed_grid(rng, (side, side), side) for _ in range(3)]
    rows = [standard(sample(image, grid)) for image in (lattice, one.image) for grid in grids]
    return image_grid(rows, ["as it is", *("deformed",) * 3] * 2, 4)


def standard(image: np.ndarray) -> np.ndarray:
    """The grey values from 0 to 1."""
    low, high = float(image.min()), float(image.max())
    return (image - low) / ((high - low) or 1.0)


# ---- of the runs ----


def plot_prediction(run: Run) -> Figure:
    """Held-out slices: image, truth, weight map, prediction, and where the prediction at 0.5 is wrong."""
    data = held_out(run)[:3]
    rows = []
    for one, p in zip(data, predictions(run, data), strict=True):
        wrong = (p > 0.5) != (one.labels == 1)
        rows += [standard(one.image), one.labels, standard(np.minimum(one.weights, 10.0)), p, wrong.astype(float)]
    return image_grid(rows, ["image", "truth", "weights", "prediction", "errors"] * len(data), 5)


def plot_feature_maps(run: Run) -> Figure:
    """The liveliest maps at every depth of both paths, for the middle of a held-out slice."""
    tile, one = run.config.tile, held_out(run)[0]
    before = max((tile - len(one.image)) // 2, 0)
    image = np.pad(one.image, before + 1, mode="reflect")
    start = (len(image) - tile) // 2
    image = image[start : start + tile, start : start + tile]
    found = {name: maps[np.argsort(-maps.std(axis=(1, 2)))] for name, maps in maps_of(run, image).items()}
    return feature_maps({"image": image[None]} | found, most=6)


def plot_thresholds(run: Run) -> Figure:
    """Pixel and Rand error at the challenge's thresholds above 0, which calls every pixel a cell."""
    data, thresholds = held_out(run), THRESHOLDS[1:]
    p, cells = predictions(run, data), [one.labels == 1 for one in data]
    found = {
        "pixel error": [pixel_error(p, np.stack(cells), [t]) for t in thresholds],
        "Rand error": [
            float(np.mean([rand_error(a, b, [t]) for a, b in zip(p, cells, strict=True)])) for t in thresholds
        ],
    }
    series = {name: (thresholds, values) for name, values in found.items()}
    return curves(series, xlabel="threshold", ylabel="error on held-out slices", title="How much the threshold matters")


def plot_skips(with_skips: Run, without: Run) -> Figure:
    """What the skips are for: the same slices by a network with them and by one without."""
    data = held_out(with_skips)[:2]
    both = [predictions(run, data) for run in (with_skips, without)]
    rows = []
    for one, *found in zip(data, *both, strict=True):
        rows += [standard(one.image), one.labels, *found]
    return image_grid(rows, ["image", "truth", "with skips", "without"] * len(data), 4)


def draw(runs: Path, folder: Path) -> Iterable[Path]:
    """Every figure for which there is what it shows, into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    yield save(plot_slices(), folder / "slices.png")
    yield save(plot_grids(), folder / "grids.png")
    yield from draw_runs(runs, folder)


def draw_runs(runs: Path, folder: Path) -> Iterator[Path]:
    """For each data set the figures of its longest run, and of the pair that differs in the skips."""
    for dataset, whole, pair in (
        ("cells", ("cells",), ("cells", "cells_no_skips")),
        ("isbi", ("isbi", "short"), ("short", "no_skips")),
    ):
        there = {
            name: read_run(runs / f"{name}-0", CONFIG)
            for name in {*whole, *pair}
            if (runs / f"{name}-0" / "results.json").exists()
        }
        if longest := next((there[name] for name in whole if name in there), None):
            yield save(plot_prediction(longest), folder / f"{dataset}_prediction.png")
            yield save(plot_feature_maps(longest), folder / f"{dataset}_feature_maps.png", colours=64)
            yield save(plot_thresholds(longest), folder / f"{dataset}_thresholds.svg")
        if all(name in there for name in pair):
            yield save(plot_skips(*(there[name] for name in pair)), folder / f"{dataset}_skips.png")


if __name__ == "__main__":
    plot_command(draw, runs=Path("runs/reproduce/unet"), figures=FIGURES, about=__doc__)
