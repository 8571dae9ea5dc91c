"""The Grad-CAM figure: a small timm ResNet learns to tell crops of two photographs apart, and shows where it looks.

    python 05_ResNet/production/plot_resnet_production.py      writes results/grad_cam.png and results/grad_cam.json

The photographs are scikit-learn's bundled sample images. Training crops come from the left part of each, test crops from
the right part, and the maps are of the whole photographs. No weights are downloaded; this is no ImageNet model.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch
from resnet_production import grad_cam, small_resnet
from sklearn.datasets import load_sample_images
from torch import Tensor
from torch.nn import functional as F

from utils import receipts
from utils.figures.saving import save
from utils.figures.style import new_figure, project_style

FOLDER = Path(__file__).resolve().parent / "results"
NAMES = ("building", "flower")
SPLIT = 0.6  # training crops lie wholly left of this part of the width, test crops right of it


def photographs() -> Tensor:
    """The two sample images: (2, 3, 427, 640), values in [0, 1], minus 0.5."""
    images = np.stack(load_sample_images().images)  # (2, 427, 640, 3), china.jpg and flower.jpg
    return torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255 - 0.5


def crops(
    images: Tensor, count: int, size: int, left: float, right: float, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """`count` random squares within [left, right] of the width, and which photograph each is from."""
    _, _, height, width = images.shape
    labels = rng.integers(0, 2, size=count)
    tops = rng.integers(0, height - size, size=count)
    lefts = rng.integers(int(left * width), int(right * width) - size, size=count)
    pairs = zip(labels, tops, lefts, strict=True)
    return torch.stack([images[k, :, y : y + size, x : x + size] for k, y, x in pairs]), torch.from_numpy(labels)


def train(steps: int, size: int, seed: int) -> tuple[Any, float]:
    """A model and its accuracy on test crops."""
    rng, test_rng = np.random.default_rng(seed).spawn(2)
    images = photographs()
    with torch.random.fork_rng():  # timm draws initial weights from the global stream
        torch.manual_seed(seed)
        model = small_resnet(2, channels=(16, 24, 32, 48), stem_type="deep", stem_width=8)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)
    model.train()
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = 0.05 * (1 - step / steps)
        x, labels = crops(images, 16, size, 0.0, SPLIT, rng)
        optimizer.zero_grad()
        F.cross_entropy(model(x), labels).backward()
        optimizer.step()
    model.eval()
    x, labels = crops(images, 200, size, SPLIT, 1.0, test_rng)
    with torch.no_grad():
        right = (model(x).argmax(dim=1) == labels).float().mean().item()
    return model, right


def figure(model: Any) -> Any:
    """Each photograph, and over it the map of each class, on one scale."""
    images = photographs()
    height, width = images.shape[2:]
    maps = torch.stack([grad_cam(model, images, [k, k]) for k in (0, 1)])  # (class, photograph, h, w)
    top = float(maps.max())
    with project_style():
        drawn = new_figure(4.0)
        grid = drawn.subplots(2, 3)
        for i, row in enumerate(grid):
            picture = (images[i].permute(1, 2, 0) + 0.5).numpy()
            for axes, k in zip(row, (None, 0, 1), strict=True):
                axes.imshow(picture)
                if k is not None:
                    heat = F.interpolate(maps[k, i][None, None], size=(height, width), mode="bilinear")[0, 0]
                    axes.imshow(heat.numpy() / top, cmap="magma", alpha=0.6, vmin=0, vmax=1)
                    axes.set_title(f"evidence for {NAMES[k]!r}")
                else:
                    axes.set_title(f"{NAMES[i]!r}")
                axes.set_axis_off()
    return drawn


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=120)
    parser.add_argument("--size", type=int, default=96, help="height and width of the crops")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder of the figure and its record")
    options = parser.parse_args(arguments)
    model, right = train(options.steps, options.size, options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    save(figure(model), options.out / "grad_cam.png", colours=64)
    record = {
        "what": f"crops of {options.size}x{options.size} from two photographs told apart, test crops from other places",
        "steps": options.steps,
        "test_accuracy": right,
        "seed": options.seed,
        "dataset": "scikit-learn's bundled sample images china.jpg and flower.jpg",
        "versions": receipts.versions("torch", "timm", "scikit-learn"),
        "hardware": receipts.hardware(),
    }
    receipts.write_json_atomic(options.out / "grad_cam.json", record)
    print(f"accuracy on test crops {100 * right:.1f} % after {options.steps} steps -> grad_cam.png")


if __name__ == "__main__":
    main()
