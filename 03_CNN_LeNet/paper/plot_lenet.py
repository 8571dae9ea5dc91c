"""The chapter's figures, written to `figures/`, from runs that `rungs reproduce 03` left behind.

python 03_CNN_LeNet/paper/plot_lenet.py --runs runs/reproduce/03
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from lenet_data import to_input
from lenet_numpy import C3_TABLE, digit_codes
from train_lenet import CONFIG, model_sizes

from utils.classification import predictions
from utils.data_loaders import load_dataset
from utils.figures.curves import curves
from utils.figures.images import feature_maps, filters, image_grid
from utils.figures.saving import save
from utils.ladder import Batch, load_ladders
from utils.runs import read_log
from utils.saved_runs import finished_seeds, read_run
from utils.scripts import plot_command

FIGURES = Path(__file__).parents[1] / "figures"


def plot_codes(folder: Path) -> Path:
    """The fixed codes of the output layer, as the pictures that they are."""
    titles = [str(digit) for digit in range(10)]
    figure = image_grid(
        digit_codes().reshape(10, 12, 7), titles, columns=10, ink=True, share=True, title="Codes of the ten classes"
    )
    return save(figure, folder / "codes.png")


def plot_filters(params: dict[str, np.ndarray], folder: Path) -> list[Path]:
    """The kernels of C1, and those of C3 in their places: grey squares are links that the table leaves out."""
    full = np.zeros((16, 6, 5, 5))
    links = [(o, c) for o, maps in enumerate(C3_TABLE) for c in maps]
    full[tuple(np.transpose(links))] = params["c3.weight"]
    return [
        save(filters(params["c1.weight"], title="Kernels of C1"), folder / "filters_c1.png"),
        save(filters(full, title="Kernels of C3"), folder / "filters_c3.png"),
    ]


def plot_feature_maps(params: dict[str, np.ndarray], test: Batch, folder: Path) -> Path:
    """One digit, layer by layer."""
    level = load_ladders("03")["lenet5"].levels["paper"]
    one = {name: array[:1] for name, array in test.items()}
    seen = level.run(params, one, training=False).activations
    layers = {"input": one["images"]} | {
        name: seen[squashed] for name, squashed in (("C1", "t1"), ("S2", "t2"), ("C3", "t3"), ("S4", "t4"))
    }
    layers["F6"] = seen["t6"].reshape(1, 1, 12, 7)  # as the code it should resemble
    figure = feature_maps(layers, title="One digit in every layer (at most 8 maps of each)")
    return save(figure, folder / "feature_maps.png")


def plot_misclassified(guesses: np.ndarray, test: Batch, folder: Path, most: int = 40) -> Path:
    """Test images that the network gets wrong: right class, then its answer."""
    wrong = np.flatnonzero(guesses != test["labels"])
    shown = wrong[:most]
    figure = image_grid(
        test["images"][shown, 0],
        [f"{test['labels'][i]} as {guesses[i]}" for i in shown],
        columns=10,
        ink=True,
        share=True,
        title=f"The first {len(shown)} of {len(wrong)} errors on {len(guesses):,} test images",
    )
    return save(figure, folder / "misclassified.png")


def plot_tables(runs: Path, folder: Path) -> Path | None:
    """Test error after each pass with Table I and with every link; the mean over the seeds that both have."""
    tables = {"lenet5": "Table I, 60 links", "lenet5_full_table": "every link, 96"}
    seeds = finished_seeds(runs, *tables)
    if not seeds:
        return None
    told = f"{len(seeds)} seeds, mean" if len(seeds) > 1 else f"seed {seeds[0]}"
    series = {}
    for name, title in tables.items():
        errors = np.mean([errors_by_pass(runs / f"{name}-{seed}") for seed in seeds], axis=0)
        series[f"{title} ({told})"] = (np.arange(1, len(errors) + 1), errors)
    figure = curves(
        series, xlabel="pass over the training set", ylabel="test error in %", title="C3 with and without its table"
    )
    return save(figure, folder / "connection_table.svg")


def errors_by_pass(run: Path) -> np.ndarray:
    """The test error after each pass of a finished run."""
    return np.array([record["test_error"] for record in read_log(run)])


def main(runs: Path, folder: Path = FIGURES) -> list[Path]:
    run = read_run(runs / "lenet5-0", CONFIG)
    test = to_input(load_dataset(run.config.dataset, "test"))
    made = [
        plot_codes(folder),
        *plot_filters(run.params, folder),
        plot_feature_maps(run.params, test, folder),
        plot_misclassified(predictions(run.trainer(model_sizes(run.config)), test), test, folder),
        plot_tables(runs, folder),
    ]
    return [path for path in made if path is not None]


if __name__ == "__main__":
    plot_command(main, runs=Path("runs/reproduce/03"), figures=FIGURES, about=__doc__)
