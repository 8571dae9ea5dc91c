"""The chapter's own proofs: the counts of Tables 1 and 6, names and shapes of the references, initialisation, shortcuts.

Each is a function (load, generator) -> findings, declared in `../ladder.py`.
"""

from __future__ import annotations

import importlib
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import torch
import torchvision.models.resnet as tv
from resnet_levels import is_parameter
from torch import nn

from utils.ladder import Check, Load, load_ladders
from utils.parity.cases import near
from utils.parity.compare import compare, compare_results
from utils.parity.finding import Finding, failed, passed

CIFAR_COUNTS = {20: 269_722, 32: 464_154, 44: 658_586, 56: 853_018, 110: 1_727_962}  # option A; section 4.2: 0.27M, ...
CIFAR_COUNTS_B = {20: 272_474, 32: 466_906, 44: 661_338, 56: 855_770, 110: 1_730_714}
PAPER_MILLIONS = {20: 0.27, 32: 0.46, 44: 0.66, 56: 0.85, 110: 1.7}  # Table 6
IMAGENET_COUNTS = {18: 11_689_512, 34: 21_797_672, 50: 25_557_032, 101: 44_549_160, 152: 60_192_808}

Shapes = dict[str, tuple[int, ...]]


def trainable(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def shapes_of(model: nn.Module) -> Shapes:
    return {name: tuple(value.shape) for name, value in model.state_dict().items()}


def cifar_count_check(load: Load, rng: np.random.Generator) -> list[Finding]:
    """Parameters of every depth of Table 6, with options A and B and without shortcuts; ResNet-20 at every level."""
    findings, ladder = [], load_ladders("05")["cifar_resnet"]
    for depth, want in CIFAR_COUNTS.items():
        with torch.device("meta"):
            counts = {o: trainable(load("resnet_paper").CifarResNet(depth, option=o)) for o in ("A", "B", "none")}
        findings.append(compare(f"paper ResNet-{depth}, option A", counts["A"], want))
        findings.append(compare(f"paper ResNet-{depth}, option B", counts["B"], CIFAR_COUNTS_B[depth]))
        findings.append(compare(f"paper plain-{depth}", counts["none"], want))
        digits = 2 if PAPER_MILLIONS[depth] < 1 else 1
        findings.append(compare(f"Table 6, {depth} layers, millions", round(want / 1e6, digits), PAPER_MILLIONS[depth]))
    for level in ladder.builders:
        params = ladder.level(level, load=load, depth=20, width=16, classes=10).fresh(rng)
        count = sum(value.size for name, value in params.items() if is_parameter(name))
        findings.append(compare(f"{level} ResNet-20", count, CIFAR_COUNTS[20]))
    return findings


def imagenet_count_check(load: Load, rng: np.random.Generator) -> list[Finding]:
    """Every depth of Table 1: names, shapes and number of parameters as in torchvision and timm; the names at every level."""
    findings, ladder = [], load_ladders("05")["resnet18"]
    for depth, want in IMAGENET_COUNTS.items():
        with torch.device("meta"):
            ours = load("resnet_paper").ResNet(depth)
        findings.append(compare(f"paper ResNet-{depth}", trainable(ours), want))
        shapes = shapes_of(ours)
        same = {}
        for library in ("torchvision", "timm"):
            count, theirs = reference_shapes(library, depth)
            findings.append(compare(f"{library} ResNet-{depth}", count, want))
            same[f"names and shapes of ResNet-{depth} in {library}"] = shapes == theirs
        for level in ("numpy", "pytorch_lowlevel"):
            params = ladder.level(level, load=load, depth=depth, width=2).fresh(rng)
            same[f"{level} names of ResNet-{depth}"] = params.keys() == shapes.keys()
        findings += [
            passed(what) if equal else failed(what, "differ from the paper level's") for what, equal in same.items()
        ]
    return findings


@cache
def reference_shapes(library: str, depth: int) -> tuple[int, Shapes]:
    """Number of parameters of a reference, and the shapes of its state by name."""
    with torch.device("meta"):
        if library == "timm":
            timm: Any = importlib.import_module("timm")
            model = timm.create_model(f"resnet{depth}")
        else:
            model = getattr(tv, f"resnet{depth}")()
    return trainable(model), shapes_of(model)


def init_check(network: str, **sizes: Any) -> Check:
    """He's rule on a wide network, at every level: standard deviation sqrt(2 / fan_in); scales 1, shifts 0, running
    statistics 0 and 1."""

    def run(load: Load, rng: np.random.Generator) -> list[Finding]:
        findings, ladder = [], load_ladders("05")[network]
        for level in ladder.builders:
            for name, value in ladder.level(level, load=load, **sizes).fresh(rng).items():
                what = f"{level} {name}"
                if value.ndim > 1:
                    # the standard deviation of a measured standard deviation is 1 / sqrt(2 n); six of them
                    want, tolerance = np.sqrt(2.0 / np.prod(value.shape[1:])), 6.0 / np.sqrt(2.0 * value.size)
                    findings.append(near(f"{what}: standard deviation", float(value.std()), want, tolerance))
                else:
                    ones = name.endswith(("running_var", ".weight"))
                    findings.append(compare(what, value, np.full(value.shape, float(ones)), may_be_zero=True))
        return findings

    return Check("initialisation statistics", run, proof="levels")


def option_check(network: str, option: str) -> Check:
    """A network with other shortcuts than its ladder's, one pass at every level against torchvision's blocks."""

    def run(load: Load, rng: np.random.Generator) -> list[Finding]:
        ladder = load_ladders("05")[network]
        ladder = replace(ladder, sizes=ladder.sizes | {"option": option}, activations=())
        params, batch = ladder.random_params(rng), ladder.batch(rng)
        want = ladder.references["torchvision blocks"].run(params, batch, training=True)
        findings = []
        for level in ladder.builders:
            got = replace(ladder.level(level, load=load).run(params, batch, training=True), activations={})
            findings += [replace(f, what=f"{level} {f.what}") for f in compare_results(got, want)]
        return findings

    return Check(f"shortcut option {option}", run)
