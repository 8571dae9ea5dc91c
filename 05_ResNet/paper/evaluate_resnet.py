"""Evaluate a finished run, or look inside its network.

python 05_ResNet/paper/evaluate_resnet.py runs/train/05-small_resnet20-paper
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import train_resnet
from resnet_data import Images, load_images, prepare
from resnet_paper import Block, CifarResNet
from torch import Tensor, nn

from utils.levels.arrays import to_numpy
from utils.saved_runs import SavedRun, read_run
from utils.scripts import folder_argument, sentences


def images_of(config: train_resnet.CONFIG) -> Images:
    return load_images(
        config.dataset, held_out=config.held_out, train_images=config.train_images, size=config.image_size
    )


def evaluate(folder: Path) -> dict[str, float]:
    """Errors in percent on every part of the data, from the run's last checkpoint."""
    run = read_run(folder, train_resnet.CONFIG)
    data = images_of(run.config)
    sizes, options = train_resnet.model_sizes(run.config), train_resnet.start_options(run.config, "paper")
    trainer = run.trainer(sizes, "paper", **options)
    parts = {"train": data.train, **train_resnet.unseen_parts(data)}
    return {f"{name}_error": train_resnet.error(trainer, part, data) for name, part in parts.items()}


def build(run: SavedRun[train_resnet.CONFIG]) -> CifarResNet:
    """The network of a run, in evaluation mode."""
    with torch.random.fork_rng(devices=[]):
        model = CifarResNet(**train_resnet.model_sizes(run.config))
    params = run.weights(to_numpy(model.state_dict()))
    model.load_state_dict({name: torch.tensor(value) for name, value in params.items()})
    return model.eval()


@torch.no_grad()
def layer_responses(model: CifarResNet, images: Tensor) -> list[float]:
    """Standard deviation of every layer's response, after normalisation and before ReLU or addition (figure 7).

    images: (B, C, H, W), prepared
    """
    found: list[float] = []
    hooks = [
        module.register_forward_hook(lambda _module, _inputs, y: found.append(float(y.std())))
        for name, module in model.named_modules()
        if isinstance(module, nn.BatchNorm2d) and "downsample" not in name
    ]
    model(images)
    for hook in hooks:
        hook.remove()
    return found


def layer_gradients(model: CifarResNet, images: Tensor, labels: Tensor) -> list[np.ndarray]:
    """The gradient of the loss with respect to the output of the stem and of every block, in training mode."""
    outputs: list[Tensor] = []

    def keep(_module: nn.Module, _inputs: object, y: Tensor) -> None:
        y.retain_grad()
        outputs.append(y)

    blocks = [module for module in model.modules() if isinstance(module, Block)]
    hooks = [module.register_forward_hook(keep) for module in [model.bn1, *blocks]]
    nn.functional.cross_entropy(model.train()(images), labels).backward()
    for hook in hooks:
        hook.remove()
    return [y.grad.numpy() for y in outputs if y.grad is not None]


@torch.no_grad()
def maps_of(model: CifarResNet, image: Tensor) -> dict[str, np.ndarray]:
    """What the stem and the three stages make of one image (C, H, W). Returns: name -> (channels, h, w)"""
    found = {}
    stages = {"stem": model.bn1, "stage 1": model.layer1, "stage 2": model.layer2, "stage 3": model.layer3}
    hooks = [
        module.register_forward_hook(lambda _m, _i, y, name=name: found.update({name: y[0].relu().numpy()}))
        for name, module in stages.items()
    ]
    model(image[None])
    for hook in hooks:
        hook.remove()
    return found


def first_images(data: Images, count: int) -> tuple[Tensor, Tensor]:
    """The first held-out images, prepared, and their labels."""
    batch = prepare({name: array[:count] for name, array in data.held_out.items()}, data)
    return torch.tensor(batch["images"]), torch.tensor(batch["labels"])


if __name__ == "__main__":
    with sentences():
        print(evaluate(folder_argument(__doc__)))
