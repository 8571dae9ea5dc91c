"""The chapter's figures, from the runs of `reproduce`: errors during training, layer responses, gradients, feature maps.

python 05_ResNet/paper/plot_resnet.py runs/reproduce/05
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import resnet_paper
import torch
from evaluate_resnet import build, first_images, images_of, layer_gradients, layer_responses, maps_of
from train_resnet import CONFIG

from utils.figures.curves import curves, loss_and_accuracy
from utils.figures.images import feature_maps
from utils.figures.layers import gradient_flow
from utils.figures.saving import save
from utils.runs import read_log
from utils.saved_runs import SavedRun, read_run

FIGURES = Path(__file__).parents[1] / "figures"
RUNS = {
    "plain-20": "small_plain20-0",
    "plain-56": "small_plain56-0",
    "ResNet-20": "small_resnet20-0",
    "ResNet-56": "small_resnet56-0",
}
Runs = dict[str, SavedRun[CONFIG]]  # by the names of the networks


def plot_degradation(runs: Runs, out: Path) -> Path:
    """Training and test error of plain and residual networks, as in figure 6 of the paper."""
    logs = {name: read_log(run.folder) for name, run in runs.items()}

    def series(key: str) -> dict[str, tuple[list[float], list[float]]]:
        return {name: ([r["step"] for r in log], [r[key] for r in log]) for name, log in logs.items()}

    figure = loss_and_accuracy(series("loss"), series("held_out_error"), metric="error on held-out images, %")
    return save(figure, out / "degradation.svg")


def plot_responses(runs: Runs, out: Path) -> Path:
    """Standard deviation of each layer's response in the trained networks, as in figure 7, upper half."""
    found = {}
    for name, run in runs.items():
        images, _ = first_images(images_of(run.config), 500)
        responses = layer_responses(build(run), images)
        found[name] = (np.arange(1, len(responses) + 1), responses)
    figure = curves(found, xlabel="layer", ylabel="standard deviation of the response", log=True)
    return save(figure, out / "responses.svg")


def plot_gradients(runs: Runs, out: Path, seed: int = 0) -> Path:
    """The gradient that reaches each block at the start of training, where nothing has been learned yet."""
    found: dict[str, dict[str, np.ndarray]] = {}
    deepest = max(run.config.depth for run in runs.values())
    for name, run in runs.items():
        if run.config.depth != deepest:
            continue
        model = build(run)
        resnet_paper.init_resnet(model, torch.Generator().manual_seed(seed))
        grads = layer_gradients(model, *first_images(images_of(run.config), 128))
        found[name] = {str(i): grad for i, grad in enumerate(grads)}
    return save(
        gradient_flow(found, title="Gradient at the output of each block, before training"), out / "gradients.svg"
    )


def plot_feature_maps(runs: Runs, out: Path) -> Path:
    """What the deepest residual network makes of one held-out image."""
    run = list(runs.values())[-1]
    images, _ = first_images(images_of(run.config), 8)
    return save(feature_maps(maps_of(build(run), images[4])), out / "feature_maps.png")


def plot(folder: Path, out: Path = FIGURES, names: dict[str, str] = RUNS) -> list[Path]:
    """Draw every figure from the finished runs in `folder`."""
    runs = {
        name: read_run(folder / run, CONFIG) for name, run in names.items() if (folder / run / "results.json").exists()
    }
    if not runs:
        raise FileNotFoundError(f"no finished run in {folder}: rungs reproduce 05, or give another folder")
    out.mkdir(parents=True, exist_ok=True)
    return [draw(runs, out) for draw in (plot_degradation, plot_responses, plot_gradients, plot_feature_maps)]


if __name__ == "__main__":
    for path in plot(Path(sys.argv[1] if len(sys.argv) > 1 else "runs/reproduce/05")):
        print(path.name)
