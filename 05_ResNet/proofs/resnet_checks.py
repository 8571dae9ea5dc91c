"""The chapter's own proofs: the counts of Tables 1 and 6, names and shapes of the references, initialisation.

Each is a function (modules by level, generator) -> findings, declared in `../ladder.py`.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import torch
import torchvision.models.resnet as tv
from torch import nn

from utils.parity.compare import compare
from utils.parity.finding import Finding, failed, passed

CIFAR_COUNTS = {20: 269_722, 32: 464_154, 44: 658_586, 56: 853_018, 110: 1_727_962}  # option A; section 4.2: 0.27M, ...
CIFAR_COUNTS_B = {20: 272_474, 32: 466_906, 44: 661_338, 56: 855_770, 110: 1_730_714}
PAPER_MILLIONS = {20: 0.27, 32: 0.46, 44: 0.66, 56: 0.85, 110: 1.7}  # Table 6
IMAGENET_COUNTS = {18: 11_689_512, 34: 21_797_672, 50: 25_557_032, 101: 44_549_160, 152: 60_192_808}


def trainable(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def cifar_count_check(modules: Mapping[str, ModuleType], rng: np.random.Generator) -> list[Finding]:
    """Parameters of every depth of Table 6, with options A and B and without shortcuts."""
    findings, paper = [], modules["paper"]
    for depth, want in CIFAR_COUNTS.items():
        with torch.device("meta"):
            counts = {o: trainable(paper.CifarResNet(depth, option=o)) for o in ("A", "B", "none")}
        findings.append(compare(f"paper ResNet-{depth}, option A", counts["A"], want))
        findings.append(compare(f"paper ResNet-{depth}, option B", counts["B"], CIFAR_COUNTS_B[depth]))
        findings.append(compare(f"paper plain-{depth}", counts["none"], want))
        digits = 2 if PAPER_MILLIONS[depth] < 1 else 1
        findings.append(compare(f"Table 6, {depth} layers, millions", round(want / 1e6, digits), PAPER_MILLIONS[depth]))
    ours = modules["numpy"].CifarResNet(20, rng=rng, dtype=np.float32)
    findings.append(compare("numpy ResNet-20", sum(p.size for p in ours.params.values()), CIFAR_COUNTS[20]))
    return findings


def imagenet_count_check(modules: Mapping[str, ModuleType], rng: np.random.Generator) -> list[Finding]:
    """Names, shapes and number of parameters of every depth of Table 1, against torchvision and timm."""
    findings = []
    for depth, want in IMAGENET_COUNTS.items():
        with torch.device("meta"):
            ours = modules["paper"].ResNet(depth)
        findings.append(compare(f"paper ResNet-{depth}", trainable(ours), want))
        shapes = {name: tuple(value.shape) for name, value in ours.state_dict().items()}
        for name in ("torchvision", "timm"):
            count, theirs = reference_shapes(name, depth)
            findings.append(compare(f"{name} ResNet-{depth}", count, want))
            what = f"names and shapes of ResNet-{depth} in {name}"
            findings.append(passed(what) if shapes == theirs else failed(what, "differ from ours"))
    return findings


@cache
def reference_shapes(library: str, depth: int) -> tuple[int, dict[str, tuple[int, ...]]]:
    """Number of parameters of a reference, and the shapes of its state by name."""
    with torch.device("meta"):
        if library == "timm":
            timm: Any = importlib.import_module("timm")
            model = timm.create_model(f"resnet{depth}")
        else:
            model = getattr(tv, f"resnet{depth}")()
    return trainable(model), {name: tuple(value.shape) for name, value in model.state_dict().items()}


def init_check(modules: Mapping[str, ModuleType], rng: np.random.Generator) -> list[Finding]:
    """He's rule on a wide layer: standard deviation sqrt(2 / fan_in); scales 1, shifts 0, running statistics 0 and 1."""
    options: dict[str, Any] = {"depth": 8, "width": 40}  # conv1 of layer3.0: 160 x 80 x 9 = 115,200 numbers
    generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
    with torch.random.fork_rng(devices=[]):
        module = modules["paper"].CifarResNet(**options)
    modules["paper"].init_resnet(module, generator)
    low = modules["pytorch_lowlevel"].init_cifar_resnet(**options, generator=generator)
    net = modules["numpy"].CifarResNet(**options, rng=rng)
    levels = {
        "numpy": net.params | net.buffers,
        "pytorch_lowlevel": {name: value.detach().numpy() for name, value in low.items()},
        "paper": {name: value.numpy() for name, value in module.state_dict().items()},
    }
    findings = []
    for level, params in levels.items():
        for name, value in params.items():
            what = f"{level} {name}"
            if value.ndim > 1:
                want = np.sqrt(2.0 / np.prod(value.shape[1:]))
                off = abs(float(value.std()) / want - 1.0)
                # the standard deviation of a measured standard deviation is 1 / sqrt(2 n); six of them
                good = off < 6.0 / np.sqrt(2.0 * value.size)
                message = f"standard deviation {value.std():.4g}, expected {want:.4g}"
                findings.append(passed(what, off) if good else failed(what, message))
            else:
                ones = name.endswith(("running_var", ".weight"))
                findings.append(compare(what, value, np.full(value.shape, float(ones)), may_be_zero=True))
    return findings
