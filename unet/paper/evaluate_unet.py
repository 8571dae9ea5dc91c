"""Evaluate a trained model: `python unet/paper/evaluate_unet.py runs/train/unet-cells-paper`.

Pixel error of one pass; over the eight symmetries pixel, Rand and warping error, accuracy and intersection over union.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import train_unet
from torch import Tensor
from train_unet import CONFIG
from unet_data import Slice
from unet_paper import UNet

from utils.levels.arrays import to_numpy
from utils.saved_runs import SavedRun, read_run
from utils.scripts import folder_argument, sentences

Run = SavedRun[CONFIG]


def evaluate(folder: Path) -> dict[str, float]:
    """The errors of the run's last checkpoint on its held-out slices."""
    run = read_run(folder, CONFIG)
    trainer = run.trainer(train_unet.model_sizes(run.config))
    return train_unet.errors(trainer, held_out(run), run.config, thorough=True)


def held_out(run: Run) -> tuple[Slice, ...]:
    return train_unet.load_split(run.config, "test")


def predictions(run: Run, data: tuple[Slice, ...]) -> np.ndarray:
    """p(cell) of every pixel by the paper level. Returns: (N, H, W)"""
    trainer = run.trainer(train_unet.model_sizes(run.config), "paper")
    return np.stack([train_unet.probabilities(trainer, one.image, run.config) for one in data])


@torch.no_grad()
def maps_of(run: Run, image: np.ndarray) -> dict[str, np.ndarray]:
    """What every block of both paths makes of an image (H, W) of a legal size. Returns: name -> (channels, h, w)"""
    sizes = train_unet.model_sizes(run.config)
    with torch.random.fork_rng(devices=[]):
        model = UNet(**sizes, same=run.config.same)
    params = run.weights(to_numpy(model.state_dict()))
    model.load_state_dict({name: torch.tensor(value) for name, value in params.items()})
    blocks = {f"down {level}": block for level, block in enumerate(model.down, start=1)}
    blocks |= {"bottom": model.bottom} | {f"up {level}": block for level, block in enumerate(model.up, start=1)}
    found: dict[str, np.ndarray] = {}

    def keep(name: str):
        def hook(_module: object, _inputs: object, y: Tensor) -> None:
            found[name] = y[0].numpy()

        return hook

    for name, block in blocks.items():
        block.register_forward_hook(keep(name))
    model.eval()(torch.tensor(image, dtype=torch.float32)[None, None])
    return found


if __name__ == "__main__":
    with sentences():
        for name, value in evaluate(folder_argument(__doc__)).items():
            print(f"{name:15}{value:.4g}")
