"""Checkpoints of torchvision, timm and transformers as parameters for every level of this chapter.

    params = load_checkpoint("resnet50.safetensors", depth=50, source="torchvision")     # a local file
    params = load_checkpoint("timm/resnet18.a1_in1k", depth=18, source="timm")           # a name on the hub
    load_ladders("05")["resnet18"].levels["numpy"].run(params, batch, training=False)

One table per source says what each of our names is called there. A checkpoint is used whole or not at all: every name of
ours must be there, every name of theirs must be used, once, and every shape must fit.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import resnet_paper
import torch
from torch import nn

from utils.checkpoints import CheckpointError, find_file, listed, read_safetensors
from utils.ladder import Params

SOURCES = ("torchvision", "timm", "transformers")
COUNTER = "num_batches_tracked"


# --8<-- [start:name_table]
def name_table(source: str, names: list[str]) -> dict[str, str]:
    """Our name -> the name in a checkpoint of `source`.

    Raises:
        ValueError: unknown source.
    """
    if source in ("torchvision", "timm"):
        return {name: name for name in names}  # theirs are what we call them
    if source == "transformers":
        return {name: transformers_name(name) for name in names}
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


def load_checkpoint(
    path_or_hub_name: str | Path, *, depth: int, source: str = "timm", classes: int | None = None
) -> Params:
    """Parameters and buffers of a ResNet of Table 1 under our names.

    Args:
        path_or_hub_name: a safetensors file, a folder with `model.safetensors`, or a name on the hub as "owner/model".
        depth: 18, 34, 50, 101 or 152.
        classes: how many classes the checkpoint must have; None takes what it has.

    Raises:
        CheckpointError: it cannot be read, lacks names, has names that are not used, or has other shapes.
        ValueError: unknown depth or source.
    """
    file = find_file(path_or_hub_name)
    theirs = read_safetensors(file)
    with torch.device("meta"):
        expected = resnet_paper.ResNet(depth).state_dict()
    table = name_table(source, list(expected))
    missing = {ours for ours, name in table.items() if name not in theirs}
    if missing == {ours for ours in table if ours.endswith(COUNTER)}:
        table = {ours: name for ours, name in table.items() if ours not in missing}  # files of before 2018 have none
        missing = set()
    unused = sorted(theirs.keys() - table.values())
    if missing or unused:
        raise CheckpointError(
            f"{file.name} is no whole ResNet-{depth} of {source}: missing {listed(table[n] for n in sorted(missing))}, "
            f"not used {listed(unused)}"
        )
    params = {ours: np.array(theirs[name]) for ours, name in table.items()}
    have = len(params["fc.bias"])
    wanted = {name: tuple(value.shape) for name, value in expected.items()}
    wanted |= {"fc.weight": (classes or have, wanted["fc.weight"][1]), "fc.bias": (classes or have,)}
    wrong = [f"{table[n]} {v.shape}, expected {wanted[n]}" for n, v in params.items() if v.shape != wanted[n]]
    if wrong:
        advice = f"; it was trained for {have} classes" if classes not in (None, have) else ""
        raise CheckpointError(f"{file.name} does not fit ResNet-{depth}: {listed(wrong)}{advice}")
    for name in expected:
        params.setdefault(name, np.zeros((), dtype=np.int64))  # a counter that the file did not have
    return {name: params[name] for name in expected}


def load_module(params: Params, model: nn.Module) -> nn.Module:
    """Copy parameters into a module of the paper level, in the module's own dtype."""
    model.load_state_dict({name: torch.tensor(value) for name, value in params.items()}, strict=True)
    return model
