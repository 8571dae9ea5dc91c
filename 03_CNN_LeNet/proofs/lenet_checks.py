"""The chapter's own proofs: parameters and connections of the paper's table, initialisation, codes, ties.

Each is a function (modules by level, generator) -> findings, declared in `../ladder.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np
import torch
from lenet_layers import tied
from lenet_levels import CODES, LENET5_BUILDERS, MODERN_BUILDERS, random_batch
from lenet_paper import C3_TABLE
from torch.nn import functional as F

from utils.parity.compare import compare
from utils.parity.finding import Finding, failed, passed

PAPER_COUNTS = {  # section II-B: trainable parameters and connections; F6's connections are its parameters
    "c1": (156, 122_304),
    "s2": (12, 5_880),
    "c3": (1_516, 151_600),
    "s4": (32, 2_000),
    "c5": (48_120, 48_120),
    "f6": (10_164, 10_164),
    "output": (0, 840),
}


def connections(name: str, params: Mapping[str, np.ndarray], shape: tuple[int, ...]) -> int:
    """How many inputs, biases included, the units of a layer have together. shape: (B, maps, height, width) or (B, units)"""
    positions = int(np.prod(shape[2:]))
    if name in ("s2", "s4"):
        return 5 * shape[1] * positions  # four inputs and a bias
    if name == "output":
        return params["output.codes"].size
    return (params[f"{name}.weight"].size + params[f"{name}.bias"].size) * positions


def count_check(modules: Mapping[str, ModuleType], rng: np.random.Generator) -> list[Finding]:
    """The paper's table, layer by layer, at every level: 60,000 trainable parameters, 340,908 connections."""
    findings = []
    for level, builder in LENET5_BUILDERS.items():
        made = builder(modules[level])
        params = made.fresh(rng)
        result = made.run(params, random_batch(rng, 2), training=True)
        totals = np.zeros(2, dtype=int)
        for layer, (want_params, want_connections) in PAPER_COUNTS.items():
            count = sum(p.size for name, p in params.items() if name.startswith(layer + ".") and name not in CODES)
            links = connections(layer, params, result.activations[layer].shape)
            findings.append(compare(f"{level} {layer} parameters", count, want_params, may_be_zero=True))
            findings.append(compare(f"{level} {layer} connections", links, want_connections))
            totals += count, links
        findings.append(compare(f"{level} parameters", totals[0], 60_000))
        findings.append(compare(f"{level} connections", totals[1], 340_908))
        findings.append(compare(f"{level} gradients", sum(g.size for g in result.grads.values()), 60_000))
    return findings


def bound_of(name: str) -> np.ndarray | None:
    """2.4 / fan_in of each weight (Appendix A); None for biases."""
    fan_in: dict[str, Any] = {
        "c1.weight": 25,
        "s2.coefficient": 5,
        "c3.weight": np.array([25 * len(maps) for maps in C3_TABLE for _ in maps])[:, None, None],
        "s4.coefficient": 5,
        "c5.weight": 400,
        "f6.weight": 120,
    }
    return 2.4 / np.asarray(fan_in[name], dtype=np.float64) if name in fan_in else None


def init_check(modules: Mapping[str, ModuleType], rng: np.random.Generator) -> list[Finding]:
    """Weights divided by their bound are uniform on [-1, 1]: none beyond, the largest near 1, the variance near 1/3."""
    findings = []
    for level, builder in LENET5_BUILDERS.items():
        draws = [builder(modules[level]).fresh(rng) for _ in range(5)]
        for name in draws[0]:
            if name in CODES:
                continue
            values = np.stack([draw[name] for draw in draws])
            bound = bound_of(name)
            if bound is None:
                zero = not values.any()
                findings.append(passed(f"{level} {name}") if zero else failed(f"{level} {name}", "must start at zero"))
                continue
            scaled = values / bound
            noise = 6.0 * np.sqrt(4.0 / 45.0 / scaled.size)  # the variance of u^2 is 4/45
            off = abs(float((scaled**2).mean()) - 1.0 / 3.0)
            fits = np.abs(scaled).max() <= 1.0 + 1e-6 and off < noise
            message = (
                f"not uniform on +-2.4/fan_in: largest {np.abs(scaled).max():.3f} of it, variance off by {off:.3f}"
            )
            findings.append(passed(f"{level} {name}", off) if fits else failed(f"{level} {name}", message))
    return findings


def code_check(modules: Mapping[str, ModuleType], rng: np.random.Generator) -> list[Finding]:
    """The same ten codes at every level, of +1 and -1, no two of them near each other."""
    codes = {level: b(modules[level]).fresh(rng)["output.codes"] for level, b in LENET5_BUILDERS.items()}
    findings = [compare(f"{level} codes", codes[level], codes["paper"]) for level in ("numpy", "pytorch_lowlevel")]
    findings.append(compare("codes are +-1", np.abs(codes["paper"]), np.ones((10, 84))))
    distances = ((codes["paper"][:, None] - codes["paper"]) ** 2).sum(axis=2)
    nearest = distances[~np.eye(10, dtype=bool)].min()
    findings.append(
        passed("codes differ") if nearest >= 4 * 8 else failed("codes differ", f"nearest: {nearest / 4:g} pixels")
    )
    return findings


def ties_check(modules: Mapping[str, ModuleType], rng: np.random.Generator) -> list[Finding]:
    """Of equal values in a window the first gets the gradient, at the low level too. ReLU makes such ties, all zero."""
    x = torch.tensor(tied(rng), requires_grad=True)
    theirs = x.detach().clone().requires_grad_()
    ours = modules["pytorch_lowlevel"].max_pool2d(x, 3, 2, 1)
    want = F.max_pool2d(theirs, 3, 2, 1)
    dy = torch.tensor(rng.normal(size=want.shape))
    ours.backward(dy)
    want.backward(dy)
    assert x.grad is not None
    assert theirs.grad is not None
    return [
        compare("maximum", ours.detach().numpy(), want.detach().numpy()),
        compare("gradient", x.grad.numpy(), theirs.grad.numpy()),
    ]


def modern_count_check(modules: Mapping[str, ModuleType], rng: np.random.Generator) -> list[Finding]:
    findings = []
    for level, builder in MODERN_BUILDERS.items():
        fresh = builder(modules[level]).fresh(rng)
        findings.append(compare(f"{level} parameters", sum(p.size for p in fresh.values()), 61_706))
    return findings


def he_check(modules: Mapping[str, ModuleType], rng: np.random.Generator) -> list[Finding]:
    """The standard deviation of every weight is sqrt(2 / fan_in), within six standard errors."""
    findings = []
    for level, builder in MODERN_BUILDERS.items():
        draws = [builder(modules[level]).fresh(rng) for _ in range(5)]
        for name in (name for name in draws[0] if name.endswith("weight")):
            values = np.stack([draw[name] for draw in draws])
            ratio = float(values.std() / np.sqrt(2.0 / np.prod(values.shape[2:])))
            fits = abs(ratio - 1.0) < 6.0 / np.sqrt(2.0 * values.size)
            message = f"standard deviation is {ratio:.3f} of sqrt(2 / fan_in)"
            findings.append(passed(f"{level} {name}") if fits else failed(f"{level} {name}", message))
    return findings
