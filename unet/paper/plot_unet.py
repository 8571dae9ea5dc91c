"""The chapter's figures: `python unet/paper/plot_unet.py` writes them to `figures/`.

Those of the data need nothing; the others are drawn from the runs that there are in `--runs` (`rungs reproduce unet`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

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

FIGURES = Path(__file__).parents[1] / "figures"


# ---- of the data ----


def plot_slices(folder: Path) -> Path:
    """Two synthetic slices: image, classes, cells one by one, weights of equation 2."""
    rows, titles = [], []
    for one in make_cells("train", count=2):
        rows += [one.image, one.labels, one.cells * 7 % 11, np.minimum(one.weights, 10.0)]
        titles += ["image", "classes", f"{one.cells.max()} cells", "weights"]
    return save(image_grid([standard(a) for a in rows], titles, 4), folder / "slices.png")


def plot_grids(folder: Path) -> Path:
    """A lattice and a slice, as they are and after three draws of rotation and elastic deformation."""
    (one, *_), side = make_cells("train"), 128
    lattice = np.ones((side, side))
    lattice[::16] = lattice[:, ::16] = 0.0
    rng = streams(0, "data")["data"]
    grids = [np.mgrid[:side, :side].astype(float)] + [deformed_grid(rng, (side, side), side) for _ in range(3)]
    rows = [standard(sample(image, grid)) for image in (lattice, one.image) for grid in grids]
    return save(image_grid(rows, ["as it is", *("deformed",) * 3] * 2, 4), folder / "grids.png")


def standard(image: np.ndarray) -> np.ndarray:
    """The grey values from 0 to 1."""
    low, high = float(image.min()), float(image.max())
    return (image - low) / ((high - low) or 1.0)


# ---- of the runs ----


def plot_prediction(run: Run, folder: Path) -> Path:
    """Held-out slices: image, truth, weight map, prediction, and where the prediction at 0.5 is wrong."""
    data = held_out(run)[:3]
    rows = []
    for one, p in zip(data, predictions(run, data), strict=True):
        wrong = (p > 0.5) != (one.labels == 1)
        rows += [standard(one.image), one.labels, standard(np.minimum(one.weights, 10.0)), p, wrong.astype(float)]
    titles = ["image", "truth", "weights", "prediction", "errors"] * len(data)
    return save(image_grid(rows, titles, 5), folder / "prediction.png")


def plot_feature_maps(run: Run, folder: Path) -> Path:
    """The maps at every depth of both paths, for the middle of a held-out slice."""
    tile, one = run.config.tile, held_out(run)[0]
    before = max((tile - len(one.image)) // 2, 0)
    image = np.pad(one.image, before + 1, mode="reflect")
    start = (len(image) - tile) // 2
    found = maps_of(run, image[start : start + tile, start : start + tile])
    return save(feature_maps(found), folder / "feature_maps.png")


def plot_thresholds(run: Run, folder: Path) -> Path:
    """Pixel and Rand error at each of the challenge's ten thresholds."""
    data = held_out(run)
    p, cells = predictions(run, data), [one.labels == 1 for one in data]
    found = {
        "pixel error": [pixel_error(p, np.stack(cells), [t]) for t in THRESHOLDS],
        "Rand error": [
            float(np.mean([rand_error(a, b, [t]) for a, b in zip(p, cells, strict=True)])) for t in THRESHOLDS
        ],
    }
    series = {name: (THRESHOLDS, values) for name, values in found.items()}
    return save(curves(series, xlabel="threshold", ylabel="error on held-out slices"), folder / "thresholds.svg")


def plot_skips(with_skips: Run, without: Run, folder: Path) -> Path:
    """What the skips are for: the same slice by a network with them and by one without."""
    one = held_out(with_skips)[0]
    maps = [predictions(run, (one,))[0] for run in (with_skips, without)]
    shown = [standard(one.image), one.labels, *maps]
    return save(image_grid(shown, ["image", "truth", "with skips", "without"], 4), folder / "skips.png")


def draw(runs: Path, folder: Path) -> Iterable[Path]:
    """Every figure for which there is what it shows, into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    yield plot_slices(folder)
    yield plot_grids(folder)
    yield from draw_runs(runs, folder)


def draw_runs(runs: Path, folder: Path) -> Iterator[Path]:
    there = {
        name: read_run(runs / f"{name}-0", CONFIG)
        for name in ("isbi", "short", "no_skips")
        if (runs / f"{name}-0" / "results.json").exists()
    }
    whole = there.get("isbi") or there.get("short")
    if whole is None:
        return
    yield plot_prediction(whole, folder)
    yield plot_feature_maps(whole, folder)
    yield plot_thresholds(whole, folder)
    if "no_skips" in there:
        yield plot_skips(there.get("short") or whole, there["no_skips"], folder)


if __name__ == "__main__":
    plot_command(draw, runs=Path("runs/reproduce/unet"), figures=FIGURES, about=__doc__)
