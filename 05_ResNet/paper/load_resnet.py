"""Checkpoints of torchvision, timm and transformers as parameters for every level of this chapter.

    params = load_checkpoint("resnet50.safetensors", depth=50, source="torchvision")     # a local file
    params = load_checkpoint("timm/resnet18.a1_in1k", depth=18, source="timm")           # a name on the hub
    load_ladders("05")["resnet18"].level("numpy", width=64, classes=1000).run(params, batch, training=False)

One table per source says what each of our names is called there. A checkpoint is used whole or not at all: every name of
ours must be there, every name of theirs must be used, once, and every shape must fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import resnet_paper
import torch
from torch import nn

from utils.checkpoints import CheckpointError, find_file, read_safetensors
from utils.ladder import Params
from utils.levels.names import NameTable

SOURCES = ("torchvision", "timm", "transformers")
COUNTER = "num_batches_tracked"


# --8<-- [start:name_table]
def name_table(source: str, names: Iterable[str]) -> NameTable:
    """Between our `names` and those in a checkpoint of `source`.

    Raises:
        ValueError: unknown source.
    """
    if source in ("torchvision", "timm"):
        return NameTable({name: name for name in names})  # theirs are what we call them
    if source == "transformers":
        return NameTable({transformers_name(name): name for name in names})
    raise ValueError(f"unknown source {source!r}: choose one of {', '.join(SOURCES)}")


def transformers_name(name: str) -> str:
    """layer2.0.bn1.weight -> resnet.encoder.stages.1.layers.0.layer.0.normalization.weight"""
    first, *rest = name.split(".")
    if first == "fc":
        return f"classifier.1.{rest[-1]}"
    if first in ("conv1", "bn1"):
        return f"resnet.embedder.embedder.{kind_of(first)}.{rest[-1]}"
    stage, (block, layer, *rest) = int(first.removeprefix("layer")) - 1, rest
    place = f"resnet.encoder.stages.{stage}.layers.{block}"
    if layer == "downsample":  # downsample.0 is the convolution, downsample.1 the normalisation
        return f"{place}.shortcut.{('convolution', 'normalization')[int(rest[0])]}.{rest[-1]}"
    return f"{place}.layer.{int(layer[-1]) - 1}.{kind_of(layer)}.{rest[-1]}"


def kind_of(layer: str) -> str:
    return "convolution" if layer.startswith("conv") else "normalization"


# --8<-- [end:name_table]


def load_checkpoint(path_or_hub_name: str | Path, *, depth: int, source: str = "timm", classes: int = 1000) -> Params:
    """Parameters and buffers of a ResNet of Table 1 under our names.

    Args:
        path_or_hub_name: a safetensors file, a folder with `model.safetensors`, or a name on the hub as "owner/model".
        depth: 18, 34, 50, 101 or 152.
        classes: how many classes it was trained for.

    Raises:
        CheckpointError: it cannot be read, lacks names, has names that are not used, or has other shapes.
        ValueError: unknown depth or source.
    """
    with torch.device("meta"):
        shapes = shapes_of(resnet_paper.ResNet(depth, classes=classes))
    what = f"ResNet-{depth} of {source} with {classes} classes"
    return renamed(path_or_hub_name, name_table(source, shapes), shapes, what)


def shapes_of(model: nn.Module) -> dict[str, tuple[int, ...]]:
    """Of its parameters and buffers, under our names."""
    return {name: tuple(value.shape) for name, value in model.state_dict().items()}


def renamed(path: str | Path, table: NameTable, shapes: Mapping[str, tuple[int, ...]], what: str) -> Params:
    """The arrays of a safetensors file under our names, all of them; counters of batches may be missing.

    Args:
        path: as in `load_checkpoint`.
        what: the file is said to be no such thing where it does not fit.

    Raises:
        CheckpointError: it cannot be read, lacks names, has names that are not used, or has other shapes.
    """
    file = find_file(path)
    theirs = read_safetensors(file)
    counters = {name: np.zeros((), dtype=np.int64) for name in table.table if name.endswith(COUNTER)}
    if not counters.keys() & theirs.keys():
        theirs = {**theirs, **counters}  # files of before 2018 have none

    def misfit(message: str) -> CheckpointError:
        return CheckpointError(f"{file.name} is no {what}: {message}")

    return table.to_ours(theirs, shapes=shapes, error=misfit)
