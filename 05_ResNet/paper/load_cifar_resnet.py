"""A CIFAR-10 network that others trained, loaded into every level, and its error on the test images.

    python 05_ResNet/paper/load_cifar_resnet.py resnet20_cifar10.safetensors

The file is `pretrained_models/resnet20-12fca82f.th` of akamaster/pytorch_resnet_cifar10 (BSD 2-Clause), with the prefix
`module.` taken off its names and saved as safetensors. Its network is the paper's, with option A; its pixels are
normalised per colour and not per pixel.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
import torch
from load_resnet import renamed, shapes_of
from resnet_paper import CifarResNet

from utils.chapters import LEVELS
from utils.classification import error_rate, predictions
from utils.data_loaders import load_dataset
from utils.ladder import Batch, Params, load_ladders
from utils.levels.names import NameTable
from utils.receipts import Receipt, new_receipt, write_receipt
from utils.scripts import sentences

Array = np.ndarray

MEAN = np.array([0.485, 0.456, 0.406], dtype=np.float32)[:, None, None]  # of each colour, for pixels in [0, 1]
STD = np.array([0.229, 0.224, 0.225], dtype=np.float32)[:, None, None]


# --8<-- [start:cifar_checkpoint]
def cifar_name_table(names: Iterable[str]) -> NameTable:
    """Between our `names` and those of the file: the classifier is called `linear` there, all else as here."""
    return NameTable({name.replace("fc.", "linear."): name for name in names})


def load_cifar_checkpoint(path: str | Path, *, depth: int = 20) -> Params:
    """Parameters and running statistics of a network of section 4.2 under our names.

    Raises:
        CheckpointError: it cannot be read, lacks names, has names that are not used, or has other shapes.
        ValueError: the depth is no 6n + 2.
    """
    with torch.device("meta"):
        shapes = shapes_of(CifarResNet(depth))
    return renamed(path, cifar_name_table(shapes), shapes, f"ResNet-{depth} for CIFAR-10")


def normalised(batch: Batch) -> Batch:
    """Pixels as this network was trained on them. images: uint8 (B, 3, H, W)"""
    images = (batch["images"].astype(np.float32) / 255 - MEAN) / STD
    return {"images": images, "labels": batch["labels"]}


def error_at(params: Params, level: str, test: Batch, *, depth: int = 20) -> float:
    """Per cent of wrong answers at a level. test: images uint8 (B, 3, H, W), labels (B,)"""
    sizes: dict[str, Any] = {"depth": depth, "width": 16, "in_channels": 3, "classes": 10}
    trainer = load_ladders("05")["cifar_resnet"].level(level, **sizes).start(params)
    return error_rate(predictions(trainer, test, rows=200, prepare=normalised), test["labels"])


# --8<-- [end:cifar_checkpoint]


def measure(path: str | Path) -> list[Receipt]:
    """The error of the published ResNet-20 at every level, as receipts."""
    params, test = load_cifar_checkpoint(path), load_dataset("cifar-10", "test")
    receipts = []
    for level in load_ladders("05")["cifar_resnet"].builders:
        wall, cpu = perf_counter(), process_time()
        error = error_at(params, level, test.arrays)
        wall, cpu = perf_counter() - wall, process_time() - cpu
        receipts.append(
            new_receipt(
                name=f"published_resnet20_{level}",
                chapter="05",
                ladder="cifar_resnet",
                level=level,
                title=f"ResNet-20 trained by others, {LEVELS[level]}",
                metric="test error",
                unit="%",
                values={0: error},
                paper_value=None,
                paper_where="none: these weights are not the paper's",
                dataset=test.source,
                steps=0,
                wall_time_s={0: wall},
                cpu_time_s={0: cpu},
                config={"depth": 20, "width": 16, "option": "A"},
                notes="weights of akamaster/pytorch_resnet_cifar10, which publishes 8.22 % on all 10,000 test images; "
                "the time is that of 1,000 predictions",
            )
        )
    return receipts


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path, help="the safetensors file")
    parser.add_argument("--write", action="store_true", help="write the receipts that the page shows")
    with sentences():
        given = parser.parse_args()
        for receipt in measure(given.checkpoint):
            print(f"{receipt.level:<18} {receipt.mean:.1f} % wrong")
            if given.write:
                write_receipt(receipt)
