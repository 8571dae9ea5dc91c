"""The chapter's own proofs: the paper's counts, initialisation, codes, every link in C3, operations and losses, a step.

Each is a function (load, generator) -> findings, declared in `../ladder.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from lenet_layers import OVERLAPPING, equation_8, equation_9, spread, tied
from lenet_levels import CODES, random_params
from lenet_references import TABLE
from torch import Tensor
from torch.nn import functional as F

from utils.ladder import Level, Load, load_ladders
from utils.parity.cases import near
from utils.parity.compare import compare, compare_all
from utils.parity.finding import Finding, failed, passed

FULL_TABLE = (tuple(range(6)),) * 16


def levels_of(name: str, load: Load, **sizes: Any) -> dict[str, Any]:
    ladder = load_ladders("03")[name]
    return {level: ladder.level(level, load=load, **sizes) for level in ladder.builders}


# ---- counts ----

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
        return params[CODES].size
    return (params[f"{name}.weight"].size + params[f"{name}.bias"].size) * positions


def count_check(load: Load, rng: np.random.Generator) -> list[Finding]:
    """The paper's table, layer by layer, at every level: 60,000 trainable parameters, 340,908 connections."""
    findings, batch = [], load_ladders("03")["lenet5"].batch(rng)
    for level, made in levels_of("lenet5", load).items():
        params = made.fresh(rng)
        result = made.run(params, batch, training=True)
        totals = np.zeros(2, dtype=int)
        for layer, (want_params, want_connections) in PAPER_COUNTS.items():
            count = sum(p.size for name, p in params.items() if name.startswith(layer + ".") and name != CODES)
            links = connections(layer, params, result.activations[layer].shape)
            findings.append(compare(f"{level} {layer} parameters", count, want_params, may_be_zero=True))
            findings.append(compare(f"{level} {layer} connections", links, want_connections))
            totals += count, links
        findings.append(compare(f"{level} parameters", totals[0], 60_000))
        findings.append(compare(f"{level} connections", totals[1], 340_908))
        findings.append(compare(f"{level} gradients", sum(g.size for g in result.grads.values()), 60_000))
    return findings


def modern_count_check(load: Load, rng: np.random.Generator) -> list[Finding]:
    return [
        compare(f"{level} parameters", sum(p.size for p in made.fresh(rng).values()), 61_706)
        for level, made in levels_of("lenet_modern", load).items()
    ]


# ---- initialisation ----


def draws_of(level: Level, rng: np.random.Generator, count: int) -> dict[str, np.ndarray]:
    """Every parameter as it is initialised `count` times. Returns: (count, *shape) by name"""
    draws = [level.fresh(rng) for _ in range(count)]
    return {name: np.stack([draw[name] for draw in draws]) for name in draws[0]}


def uniform(what: str, values: np.ndarray, bound: Any) -> list[Finding]:
    """Values against U(-bound, bound), by their ends and their spread; one in 10^6 right draws would fail."""
    scaled, count = values / bound, values.size
    return [
        near(f"{what}: smallest", float(scaled.min()), -1.0, 30.0 / count),
        near(f"{what}: largest", float(scaled.max()), 1.0, 30.0 / count),
        near(f"{what}: standard deviation", float(scaled.std()), 1.0 / np.sqrt(3.0), 3.0 / np.sqrt(count)),
    ]


def init_check(load: Load, rng: np.random.Generator) -> list[Finding]:
    """Every weight of LeNet-5 from U(+-2.4 / fan_in) (Appendix A), by Glorot's rule where a convolution stands alone."""
    links = np.array([len(maps) for maps in TABLE for _ in maps])
    fan_in: dict[str, Any] = {
        "c1.weight": 25,
        "s2.coefficient": 5,
        "c3.weight": 25 * links[:, None, None],
        "s4.coefficient": 5,
        "c5.weight": 400,
        "f6.weight": 120,
    }
    findings = []
    for level, made in levels_of("lenet5", load).items():
        for name, values in draws_of(made, rng, 40).items():
            if name in fan_in:
                findings += uniform(f"{level} {name}", values, 2.4 / fan_in[name])
            elif name != CODES:
                findings.append(compare(f"{level} {name}", values, np.zeros_like(values), may_be_zero=True))
    conv = load("conv_numpy").Conv2d(20, 30, 5, rng=rng)
    findings += uniform("Conv2d weight", conv.params["weight"], np.sqrt(6.0 / (500 + 750)))
    return [*findings, compare("Conv2d bias", conv.params["bias"], np.zeros(30), may_be_zero=True)]


def he_check(load: Load, rng: np.random.Generator) -> list[Finding]:
    """The standard deviation of every weight is sqrt(2 / fan_in), within six standard errors; biases are zero."""
    findings = []
    for level, made in levels_of("lenet_modern", load).items():
        for name, values in draws_of(made, rng, 5).items():
            if name.endswith("weight"):
                sd = np.sqrt(2.0 / np.prod(values.shape[2:]))
                findings.append(near(f"{level} {name}", float(values.std()), sd, 6.0 / np.sqrt(2.0 * values.size)))
            else:
                findings.append(compare(f"{level} {name}", values, np.zeros_like(values), may_be_zero=True))
    return findings


def code_check(load: Load, rng: np.random.Generator) -> list[Finding]:
    """The same ten codes at every level, of +1 and -1, no two of them near each other."""
    codes = {level: made.fresh(rng)[CODES] for level, made in levels_of("lenet5", load).items()}
    findings = [compare(f"{level} codes", codes[level], codes["paper"]) for level in ("numpy", "pytorch_lowlevel")]
    findings.append(compare("codes are +-1", np.abs(codes["paper"]), np.ones((10, 84))))
    distances = ((codes["paper"][:, None] - codes["paper"]) ** 2).sum(axis=2)
    nearest = distances[~np.eye(10, dtype=bool)].min()
    findings.append(
        passed("codes differ") if nearest >= 4 * 8 else failed("codes differ", f"nearest: {nearest / 4:g} pixels")
    )
    return findings


# ---- other sizes, parts and steps ----


def full_table_check(load: Load, rng: np.random.Generator) -> list[Finding]:
    """With every link, C3 has 96 kernels of fan-in 150: parameters, initialisation, outputs, gradients."""
    ladder = load_ladders("03")["lenet5"]
    params = random_params(rng) | {"c3.weight": rng.normal(size=(96, 5, 5)) * 0.1}
    batch = ladder.batch(rng)
    want = ladder.reference("torch operations", table=FULL_TABLE).run(params, batch, training=False)
    findings = [compare(name, load(name).FULL_TABLE, FULL_TABLE) for name in ("lenet_numpy", "lenet_paper")]
    for level, made in levels_of("lenet5", load, table=FULL_TABLE).items():
        fresh = made.fresh(rng)
        findings.append(compare(f"{level} parameters", sum(p.size for n, p in fresh.items() if n != CODES), 60_900))
        findings += uniform(f"{level} c3.weight", fresh["c3.weight"], 2.4 / 150)
        got = made.run(params, batch, training=False)
        findings += compare_all(f"{level} output", got.outputs, want.outputs)
        findings += compare_all(f"{level} gradient", got.grads, want.grads)
    return findings


def operations_check(load: Load, rng: np.random.Generator) -> list[Finding]:
    """The low level's convolution and pooling against torch's, values and gradients."""
    conv, images = load("conv_lowlevel"), spread(rng)
    few, many = ((rng.normal(size=(o, 7, 3, 3)), rng.normal(size=o)) for o in (2, 23))  # as columns from 7 x 3 maps on
    shifted = {"stride": 2, "padding": 1}
    return [
        *same("conv2d to few maps", conv.conv2d, F.conv2d, images, *few, **shifted),
        *same("conv2d to many maps", conv.conv2d, F.conv2d, images, *many, **shifted),
        *same("max_pool2d", conv.max_pool2d, F.max_pool2d, images, kernel_size=2),
        *same("max_pool2d, overlapping and padded", conv.max_pool2d, F.max_pool2d, images, **OVERLAPPING),
        *same("max_pool2d with ties", conv.max_pool2d, F.max_pool2d, tied(rng), **OVERLAPPING),
        *same("avg_pool2d", conv.avg_pool2d, F.avg_pool2d, images, kernel_size=2),
        *same("avg_pool2d, overlapping and padded", conv.avg_pool2d, F.avg_pool2d, images, **OVERLAPPING),
    ]


def loss_check(load: Load, rng: np.random.Generator) -> list[Finding]:
    """The losses of the torch levels against other forms of the paper's equations, values and gradients."""
    labels, near_codes, far = rng.integers(0, 5, 7), rng.uniform(0, 3, size=(7, 5)), rng.uniform(0, 1e4, size=(7, 5))
    findings = []
    for level in ("pytorch_lowlevel", "paper"):
        module = load(load_ladders("03")["lenet5"].modules[level])
        findings += same(f"{level} rbf_loss", module.rbf_loss, equation_8, near_codes, labels)
        findings += same(f"{level} map_loss, j = 3", module.map_loss, equation_9, near_codes, labels, j=3.0)
        findings += same(f"{level} map_loss at extremes", module.map_loss, equation_9, far, labels)
    return findings


def same(
    what: str, ours: Callable[..., Tensor], theirs: Callable[..., Tensor], *inputs: np.ndarray, **options: Any
) -> list[Finding]:
    """The values of two torch functions, and the gradients of their floating inputs from the same upstream gradient."""
    results = []
    for function in (ours, theirs):
        tensors = [torch.tensor(x, requires_grad=np.issubdtype(x.dtype, np.floating)) for x in inputs]
        y = function(*tensors, **options)
        y.backward(torch.linspace(0.5, 1.5, y.numel(), dtype=y.dtype).view(y.shape))
        grads = {str(i): t.grad.numpy() for i, t in enumerate(tensors) if t.grad is not None}
        results.append((y.detach().numpy(), grads))
    (y, grads), (want, wanted) = results
    return [compare(f"{what}: value", y, want), *compare_all(f"{what}: gradient", grads, wanted)]


def training_step_check(load: Load, rng: np.random.Generator) -> list[Finding]:
    """Two steps of each level's own `training_step` are the steps that the proofs take."""
    ladder = load_ladders("03")["lenet5"]
    params, batches = random_params(rng), [ladder.batch(rng) for _ in range(2)]
    want = ladder.levels["paper"].train(params, batches)
    findings = []
    for level, made in levels_of("lenet5", load).items():
        trainer, module = made.start(params), load(ladder.modules[level])
        criterion = [module.MAPLoss()] if level == "numpy" else []
        for i, batch in enumerate(batches):
            images, labels = map(trainer.given(batch).get, ("images", "labels"))
            loss = module.training_step(trainer.inner, *criterion, trainer.optimizers[0], images, labels)
            findings.append(compare(f"{level} loss at step {i}", loss, want.losses[i]))
        findings += compare_all(f"{level} parameter", trainer.params(), want.params)
    return findings
