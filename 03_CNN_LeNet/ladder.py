"""The contract of chapter 03: LeNet-5 with each of the paper's two losses, and the modern variant."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from lenet_data import to_input
from lenet_paper import C3_TABLE, FULL_TABLE
from logistic_numpy import CrossEntropyLoss
from torch import Tensor, nn
from torch.nn import functional as F

from utils.arrays import to_numpy, to_torch
from utils.data_loaders import load_dataset
from utils.ladder import (
    Batch,
    Bench,
    Check,
    Climb,
    Deviation,
    Ladder,
    LayerCase,
    Level,
    Overfit,
    Params,
    Result,
    Script,
)
from utils.numpy_level import NumpyLevel
from utils.parity import Finding, compare, failed, passed
from utils.planting import load_mistakes
from utils.torch_levels import LowLevel, ModuleLevel

MISTAKES = load_mistakes(Path(__file__).parent)

EXAMPLES = 3
SGD = {"lr": 0.002, "momentum": 0.9}
LOSSES = {"map": ("MAPLoss", "map_loss"), "mse": ("RBFLoss", "rbf_loss")}  # NumPy's name, the other levels' name
CODES = frozenset({"output.codes"})

# The order of computation. t: squashed, r: rectified.
TRACE = ("c1", "t1", "s2", "t2", "c3", "t3", "s4", "t4", "c5", "t5", "f6", "t6", "output")
MODERN_TRACE = ("c1", "r1", "s2", "c3", "r3", "s4", "c5", "r5", "f6", "r6", "output")


# ---- parameters and batches ----


def random_params(rng: np.random.Generator) -> Params:
    """Everything random, codes too. F6 is small: with the real codes every e^-y of equation 9 would be about e^-80, and
    a fault in that term could not be seen."""

    def normal(*shape: int, scale: float) -> np.ndarray:
        return rng.normal(size=shape) * scale

    return {
        "c1.weight": normal(6, 1, 5, 5, scale=0.2),
        "c1.bias": normal(6, scale=0.3),
        "s2.coefficient": normal(6, scale=0.3),
        "s2.bias": normal(6, scale=0.3),
        "c3.weight": normal(60, 5, 5, scale=0.1),
        "c3.bias": normal(16, scale=0.3),
        "s4.coefficient": normal(16, scale=0.3),
        "s4.bias": normal(16, scale=0.3),
        "c5.weight": normal(120, 16, 5, 5, scale=0.05),
        "c5.bias": normal(120, scale=0.3),
        "f6.weight": normal(84, 120, scale=0.01),
        "f6.bias": normal(84, scale=0.05),
        "output.codes": normal(10, 84, scale=0.1),
    }


def random_modern_params(rng: np.random.Generator) -> Params:
    shapes = {"c1": (6, 1, 5, 5), "c3": (16, 6, 5, 5), "c5": (120, 16, 5, 5), "f6": (84, 120), "output": (10, 84)}
    params = {}
    for layer, shape in shapes.items():
        params[f"{layer}.weight"] = rng.normal(size=shape) * np.sqrt(2.0 / np.prod(shape[1:]))
        params[f"{layer}.bias"] = rng.normal(size=shape[0]) * 0.3
    return params


def random_batch(rng: np.random.Generator, examples: int = EXAMPLES) -> Batch:
    return {"images": rng.normal(size=(examples, 1, 32, 32)), "labels": rng.integers(0, 10, examples)}


def fresh_params(module: str, model: str, dtype: Any) -> Callable[[np.random.Generator], Params]:
    """The NumPy level's own initialisation."""

    def init(rng: np.random.Generator) -> Params:
        made = getattr(importlib.import_module(module), model)(rng=rng, dtype=dtype)
        return {name: value.copy() for name, value in {**made.params, **made.buffers}.items()}

    return init


def table_of(params: Mapping[str, Any]) -> dict[str, Any]:
    """The one thing that varies: C3 with every link, which has 96 kernels, where the table of the paper has 60."""
    return {"table": FULL_TABLE} if len(params["c3.weight"]) == 96 else {}


# ---- LeNet-5 at each level, with either loss ----


def numpy_lenet5(loss: str) -> Callable[[ModuleType], Level]:
    def level(module: ModuleType) -> Level:
        criterion = getattr(module, LOSSES[loss][0])()

        def one_pass(model: Any, batch: Batch, training: bool) -> tuple[dict, float, Callable]:
            distances = model.forward(batch["images"])
            error = criterion.forward(distances, batch["labels"])

            def backward(inputs: bool) -> dict:
                dx = model.backward(criterion.backward(), input_grad=inputs)
                return {"images": dx} if inputs else {}

            return {"distances": distances}, error, backward

        def build(rng: np.random.Generator, dtype: Any, **table: Any) -> Any:
            return module.LeNet5(rng=rng, dtype=dtype, **table)

        return NumpyLevel(build, one_pass, numpy_sgd, activations=TRACE, sizes=table_of)

    return level


def lowlevel_lenet5(loss: str) -> Callable[[ModuleType], Level]:
    def level(module: ModuleType) -> Level:
        criterion = getattr(module, LOSSES[loss][1])

        def one_pass(params: dict[str, Tensor], batch: dict[str, Tensor], training: bool) -> tuple[dict, Tensor, dict]:
            distances, activations = module.lenet5(params, batch["images"], **table_of(params))
            return {"distances": distances}, criterion(distances, batch["labels"]), activations

        return LowLevel(
            lambda g: module.init_lenet5(generator=g), one_pass, lowlevel_sgd, inputs=("images",), buffers=CODES
        )

    return level


def paper_lenet5(loss: str) -> Callable[[ModuleType], Level]:
    def level(module: ModuleType) -> Level:
        criterion = getattr(module, LOSSES[loss][1])

        def one_pass(model: Any, batch: dict[str, Tensor]) -> tuple[dict[str, Tensor], Tensor]:
            distances = model(batch["images"])
            return {"distances": distances}, criterion(distances, batch["labels"])

        return ModuleLevel(
            lambda **table: module.LeNet5(**table),
            one_pass,
            torch_sgd,
            inputs=("images",),
            init=module.init_lenet5,
            activations=TRACE,
            sizes=table_of,
        )

    return level


def numpy_sgd(model: Any, **options: Any) -> Any:
    return importlib.import_module("optimizers_numpy").SGD(model.params, **SGD | options)


def lowlevel_sgd(params: dict[str, Tensor], **options: Any) -> Any:
    return importlib.import_module("optimizers_lowlevel").SGD(params, **SGD | options)


def torch_sgd(model: nn.Module, **options: Any) -> torch.optim.Optimizer:
    settings: dict[str, Any] = SGD | options
    return torch.optim.SGD(model.parameters(), **settings)


class TorchOperations(Level):
    """LeNet-5 from torch's own operations: C3 a full convolution under a 16 x 6 mask, the subsampling an average pooling
    times four, and equation 9 a cross-entropy with an eleventh class of constant logit -j."""

    def __init__(self, loss: str) -> None:
        self.loss = loss

    def run(self, params: Params, batch: Batch, *, training: bool) -> Result:
        outs = [o for o, maps in enumerate(C3_TABLE) for _ in maps]
        ins = [c for maps in C3_TABLE for c in maps]
        p = to_torch(params)
        mask = torch.zeros(16, 6, 1, 1, dtype=p["c3.weight"].dtype)
        mask[outs, ins] = 1.0
        full = torch.randn(16, 6, 5, 5, generator=torch.Generator().manual_seed(0), dtype=mask.dtype)
        full[outs, ins] = p["c3.weight"]  # where the mask is zero, any number will do
        p["c3.weight"] = full
        for name, value in p.items():
            value.requires_grad_(name not in CODES)
        inputs = to_torch(batch)
        x = inputs["images"].requires_grad_()

        def f(a: Tensor) -> Tensor:
            return 1.7159 * torch.tanh(2.0 / 3.0 * a)

        def s(a: Tensor, name: str) -> Tensor:
            pooled = 4.0 * F.avg_pool2d(a, 2)
            return p[f"{name}.coefficient"].view(-1, 1, 1) * pooled + p[f"{name}.bias"].view(-1, 1, 1)

        h = f(s(f(F.conv2d(x, p["c1.weight"], p["c1.bias"])), "s2"))
        h = f(s(f(F.conv2d(h, p["c3.weight"] * mask, p["c3.bias"])), "s4"))
        h = f(F.linear(f(F.conv2d(h, p["c5.weight"], p["c5.bias"])).flatten(1), p["f6.weight"], p["f6.bias"]))
        y = torch.cdist(h, p["output.codes"], compute_mode="donot_use_mm_for_euclid_dist") ** 2
        if self.loss == "map":
            loss = F.cross_entropy(torch.cat([-y, torch.full_like(y[:, :1], -0.1)], dim=1), inputs["labels"])
        else:
            loss = y[torch.arange(len(y)), inputs["labels"]].mean()
        loss.backward()
        grads = to_numpy({name: g for name, value in p.items() if (g := value.grad) is not None})
        grads["c3.weight"] = grads["c3.weight"][outs, ins]
        assert x.grad is not None
        return Result(to_numpy({"distances": y}), float(loss.detach()), grads, to_numpy({"images": x.grad}))


# ---- the modern variant at each level ----


def numpy_modern(module: ModuleType) -> Level:
    criterion = CrossEntropyLoss()

    def one_pass(model: Any, batch: Batch, training: bool) -> tuple[dict, float, Callable]:
        logits = model.forward(batch["images"])
        loss = criterion.forward(logits, batch["labels"])

        def backward(inputs: bool) -> dict:
            dx = model.backward(criterion.backward(), input_grad=inputs)
            return {"images": dx} if inputs else {}

        return {"logits": logits}, loss, backward

    return NumpyLevel(
        lambda rng, dtype: module.LeNetModern(rng=rng, dtype=dtype), one_pass, numpy_sgd, activations=MODERN_TRACE
    )


def lowlevel_modern(module: ModuleType) -> Level:
    def one_pass(params: dict[str, Tensor], batch: dict[str, Tensor], training: bool) -> tuple[dict, Tensor, dict]:
        logits, activations = module.lenet_modern(params, batch["images"])
        return {"logits": logits}, F.cross_entropy(logits, batch["labels"]), activations

    return LowLevel(lambda g: module.init_lenet_modern(generator=g), one_pass, lowlevel_sgd, inputs=("images",))


def classify(model: Any, batch: dict[str, Tensor]) -> tuple[dict[str, Tensor], Tensor]:
    logits = model(batch["images"])
    return {"logits": logits}, F.cross_entropy(logits, batch["labels"])


def paper_modern(module: ModuleType) -> Level:
    return ModuleLevel(
        module.LeNetModern,
        classify,
        torch_sgd,
        inputs=("images",),
        init=module.init_lenet_modern,
        activations=MODERN_TRACE,
    )


def sequential() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 120, 5), nn.ReLU(), nn.Flatten(),
        nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )  # fmt: skip


SEQUENTIAL = ModuleLevel(
    sequential,
    classify,
    torch_sgd,
    inputs=("images",),
    names={
        f"{ours}.{p}": f"{theirs}.{p}"
        for ours, theirs in {"c1": 0, "c3": 3, "c5": 6, "f6": 9, "output": 11}.items()
        for p in ("weight", "bias")
    },
)


# ---- layers: each against central differences and the torch operation ----


def part(module: ModuleType, name: str, home: str) -> Any:
    """A class of the level's own module, or of the module of this chapter that holds it."""
    return getattr(module, name) if hasattr(module, name) else getattr(importlib.import_module(home), name)


def randomised(layer: Any, rng: np.random.Generator) -> Any:
    for p in layer.params.values():
        p[...] = rng.normal(size=p.shape)
    return layer


Built = tuple[Any, tuple[np.ndarray, ...]]


def conv_case(name: str, *, stride: int = 1, padding: int = 0, bias: bool = True) -> LayerCase:
    def build(module: ModuleType, rng: np.random.Generator) -> Built:
        conv = part(module, "Conv2d", "conv_numpy")
        layer = conv(3, 5, 3, stride=stride, padding=padding, bias=bias, rng=rng)
        return randomised(layer, rng), (rng.normal(size=(2, 3, 11, 13)),)

    def op(p: dict[str, Tensor], x: Tensor) -> Tensor:
        return F.conv2d(x, p["weight"], p.get("bias"), stride=stride, padding=padding)

    return LayerCase(name, build, op)


def pool_case(
    name: str,
    pool: str,
    op: Callable[..., Tensor],
    draw: Callable[[np.random.Generator], np.ndarray],
    smooth: bool = True,
    **sizes: int,
) -> LayerCase:
    def build(module: ModuleType, rng: np.random.Generator) -> Built:
        return part(module, pool, "conv_numpy")(**sizes), (draw(rng),)

    return LayerCase(name, build, lambda p, x: op(x, **sizes), smooth=smooth)


def spread(rng: np.random.Generator) -> np.ndarray:
    """Values that are all different by far more than the step of central differences: no tie, and no tie nearby."""
    shape = (2, 3, 11, 13)
    return (rng.permutation(int(np.prod(shape))).reshape(shape) - 400.0) / 100.0


def tied(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 3, size=(2, 3, 11, 13)).astype(np.float64)


def subsampling_case(module: ModuleType, rng: np.random.Generator) -> Built:
    return randomised(module.Subsampling(3, rng=rng), rng), (rng.normal(size=(2, 3, 10, 14)),)


SMALL_TABLE = ((0, 2), (1,), (0, 1, 2), (2,), (0, 1))


def table_case(module: ModuleType, rng: np.random.Generator) -> Built:
    return randomised(module.TableConv2d(SMALL_TABLE, 3, 3, rng=rng), rng), (rng.normal(size=(2, 3, 7, 11)),)


def masked_conv(p: dict[str, Tensor], x: Tensor) -> Tensor:
    outs, ins = zip(*[(o, c) for o, maps in enumerate(SMALL_TABLE) for c in maps], strict=True)
    mask = torch.zeros(5, 3, 1, 1, dtype=x.dtype)
    mask[outs, ins] = 1.0
    full = torch.ones(5, 3, 3, 3, dtype=x.dtype)
    full[outs, ins] = p["weight"]
    return F.conv2d(x, full * mask, p["bias"])


def rbf_case(module: ModuleType, rng: np.random.Generator) -> Built:
    return module.RBF(RBF_CODES), (rng.normal(size=(3, 11)),)


RBF_CODES = np.random.default_rng(0).normal(size=(5, 11))


def rbf_op(p: dict[str, Tensor], x: Tensor) -> Tensor:
    return torch.cdist(x, torch.tensor(RBF_CODES), compute_mode="donot_use_mm_for_euclid_dist") ** 2


def loss_case(name: str, loss: str, op: Callable[..., Tensor], scale: float, smooth: bool = True) -> LayerCase:
    def build(module: ModuleType, rng: np.random.Generator) -> Built:
        return getattr(module, loss)(), (rng.uniform(0, scale, size=(7, 5)), rng.integers(0, 5, 7))

    return LayerCase(name, build, op, smooth=smooth)


def equation_8(p: dict[str, Tensor], y: Tensor, labels: Tensor) -> Tensor:
    return (y * F.one_hot(labels, y.shape[1])).sum() / len(y)


def equation_9(p: dict[str, Tensor], y: Tensor, labels: Tensor) -> Tensor:
    return F.cross_entropy(torch.cat([-y, torch.full_like(y[:, :1], -0.1)], dim=1), labels)


CONVOLUTION = (
    conv_case("Conv2d"),
    conv_case("Conv2d with stride and padding", stride=2, padding=1),
    conv_case("Conv2d with stride 3, no bias", stride=3, bias=False),
)
LENET_LAYERS = (
    *CONVOLUTION,
    LayerCase("Subsampling", subsampling_case, lambda p, x: (
        p["coefficient"].view(-1, 1, 1) * 4.0 * F.avg_pool2d(x, 2) + p["bias"].view(-1, 1, 1)
    )),
    LayerCase("TableConv2d", table_case, masked_conv),
    LayerCase("RBF", rbf_case, rbf_op),
    loss_case("RBFLoss", "RBFLoss", equation_8, 9.0),
    loss_case("MAPLoss", "MAPLoss", equation_9, 3.0),
    loss_case("MAPLoss at extremes", "MAPLoss", equation_9, 1e4, smooth=False),
)  # fmt: skip
MODERN_LAYERS = (
    *CONVOLUTION,
    pool_case("MaxPool2d", "MaxPool2d", F.max_pool2d, spread, kernel_size=2),
    pool_case(
        "MaxPool2d, overlapping and padded", "MaxPool2d", F.max_pool2d, spread, kernel_size=3, stride=2, padding=1
    ),
    pool_case("MaxPool2d with ties", "MaxPool2d", F.max_pool2d, tied, kernel_size=3, stride=2, padding=1, smooth=False),
    pool_case("AvgPool2d", "AvgPool2d", F.avg_pool2d, spread, kernel_size=2),
    pool_case(
        "AvgPool2d, overlapping and padded", "AvgPool2d", F.avg_pool2d, spread, kernel_size=3, stride=2, padding=1
    ),
)


# ---- checks: counts, initialisation, codes, ties ----

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


# ---- real data without a network: the digits of scikit-learn ----

DIGITS = "digits (1,797 images of 8x8, scikit-learn), enlarged to 24x24"


@cache
def digits(split: str) -> Batch:
    return to_input(load_dataset("digits", split))


def digit_batches(rng: np.random.Generator, steps: int) -> Iterator[Batch]:
    data = digits("train")
    for _ in range(steps):
        rows = rng.integers(0, len(data["labels"]), 32)
        yield {name: value[rows] for name, value in data.items()}


def accuracy(outputs: dict[str, np.ndarray], batch: Batch) -> float:
    """The smallest distance wins, or the largest logit."""
    guess = outputs["distances"].argmin(axis=1) if "distances" in outputs else outputs["logits"].argmax(axis=1)
    return float((guess == batch["labels"]).mean())


def climb(module: str, model: str, **options: float) -> Climb:
    return Climb(
        dataset=DIGITS,
        batches=digit_batches,
        test=lambda: digits("test"),
        metric="accuracy",
        score=accuracy,
        init=fresh_params(module, model, np.float64),
        steps=200,
        options=options,
    )


def bench(module: str, model: str) -> Bench:
    return Bench(
        init=fresh_params(module, model, np.float32),
        batch=lambda rng: {
            "images": rng.normal(size=(64, 1, 32, 32)).astype(np.float32),
            "labels": rng.integers(0, 10, 64),
        },
        what="batch 64, 1x32x32",
    )


def tiny_training(config: str, level: str) -> Script:
    def run(folder: Path) -> object:
        from utils.config import load_config

        script = importlib.import_module("train_lenet")
        return script.main(load_config(config, script.CONFIG, folder=script.CONFIGS), folder, level=level)

    return Script(f"train_lenet --config {config} --level {level}", run)


# ---- planted mistakes and deviations ----


PAPER_TESTS = "03_CNN_LeNet/paper/test_lenet_paper.py"
LENET_DEVIATIONS = (
    Deviation(
        "SGD with momentum on batches of 64, and a learning rate that rises and falls once, for 20 passes",
        "The paper uses stochastic diagonal Levenberg-Marquardt on single samples (Appendix C), 1.2 million steps of one "
        "image. Batches are what every level here runs fast on, and equal steps can be proved equal",
        f"{PAPER_TESTS}::test_one_cycle",
    ),
    Deviation("j = 0.1 in equation 9", "the paper gives no value, only j > 0", f"{PAPER_TESTS}::test_j_of_equation_9"),
    Deviation(
        "codes: ink is +1, paper is -1",
        "the text gives the values +1 and -1 and Figure 3 the pictures, but not which is which",
        "check: codes",
    ),
    Deviation(
        "biases start at zero",
        "Appendix A draws weights from U(+-2.4 / fan_in); whether biases are among them is not said",
        "check: initialisation",
    ),
    Deviation(
        "C3 keeps 60 kernels and no mask",
        "a full convolution under a mask computes the same, but would count 900 weights that are no parameters",
        "check: parameters and connections",
    ),
    Deviation(
        "no distorted images in training",
        "the paper's 0.95 % is without them; with 540,000 distorted images it reports 0.8 %",
        f"{PAPER_TESTS}::test_input_scaling",
    ),
    Deviation(
        "the input scaling is kept, the claim about it is not",
        "the paper says that -0.1 and 1.175 make the mean roughly 0 and the variance roughly 1; on 32x32 images, which are "
        "mostly background, the variance is far below 1",
        f"{PAPER_TESTS}::test_input_scaling",
    ),
)
MODERN_DEVIATIONS = (
    Deviation(
        "ReLU, max-pooling, a full C3, a linear output, cross-entropy, He's initialisation",
        "this is the network that tutorials call LeNet-5; none of the six is in the paper",
        "check: parameters",
    ),
    Deviation(
        "of equal values in a window the first gets the gradient",
        "torch's convention; any of them would be a valid subgradient",
        "check: ties",
    ),
)

LENET5_BUILDERS = {
    "numpy": numpy_lenet5("map"),
    "pytorch_lowlevel": lowlevel_lenet5("map"),
    "paper": paper_lenet5("map"),
}
MSE_BUILDERS = {"numpy": numpy_lenet5("mse"), "pytorch_lowlevel": lowlevel_lenet5("mse"), "paper": paper_lenet5("mse")}
MODERN_BUILDERS = {"numpy": numpy_modern, "pytorch_lowlevel": lowlevel_modern, "paper": paper_modern}
LENET_MODULES = {"numpy": "lenet_numpy", "pytorch_lowlevel": "lenet_lowlevel", "paper": "lenet_paper"}
PAPER = "LeCun, Bottou, Bengio, Haffner: Gradient-Based Learning Applied to Document Recognition, 1998"

LENET5 = Ladder(
    name="lenet5",
    chapter="03",
    paper=PAPER,
    init=random_params,
    batch=random_batch,
    modules=LENET_MODULES,
    builders=LENET5_BUILDERS,
    references={"torch operations": TorchOperations("map")},
    activations=TRACE,
    layers=LENET_LAYERS,
    checks=(
        Check("parameters and connections", count_check),
        Check("initialisation", init_check, proof="levels"),
        Check("codes", code_check),
    ),
    mistakes=MISTAKES["lenet5"],
    deviations=LENET_DEVIATIONS,
    scripts=tuple(tiny_training("tiny", level) for level in LENET_MODULES),
    overfit=Overfit(steps=50, loss=10.0, options={"lr": 0.004}),
    climb=climb("lenet_numpy", "LeNet5", lr=0.004),
    bench=bench("lenet_numpy", "LeNet5"),
    train_script="train_lenet",
)
LENET5_MSE = Ladder(
    name="lenet5_mse",
    chapter="03",
    paper=PAPER + ", equation 8",
    init=random_params,
    batch=random_batch,
    modules=LENET_MODULES,
    builders=MSE_BUILDERS,
    references={"torch operations": TorchOperations("mse")},
    activations=TRACE,
    mistakes=MISTAKES["lenet5_mse"],
    deviations=LENET_DEVIATIONS[:1],
    overfit=Overfit(steps=50, loss=10.0, options={"lr": 0.004}),
    climb=climb("lenet_numpy", "LeNet5", lr=0.004),
    train_script="train_lenet",
)
LENET_MODERN = Ladder(
    name="lenet_modern",
    chapter="03",
    paper=PAPER + " (its sizes)",
    init=random_modern_params,
    batch=random_batch,
    modules={
        "numpy": "lenet_modern_numpy",
        "pytorch_lowlevel": "lenet_modern_lowlevel",
        "paper": "lenet_modern_paper",
    },
    builders=MODERN_BUILDERS,
    references={"torch.nn.Sequential": SEQUENTIAL},
    activations=MODERN_TRACE,
    layers=MODERN_LAYERS,
    checks=(
        Check("parameters", modern_count_check),
        Check("He initialisation", he_check, proof="levels"),
        Check("ties", ties_check, proof="levels"),
    ),
    mistakes=MISTAKES["lenet_modern"],
    deviations=MODERN_DEVIATIONS,
    scripts=(tiny_training("tiny_modern", "paper"),),
    overfit=Overfit(steps=60, loss=0.05, options={"lr": 0.01}),
    climb=climb("lenet_modern_numpy", "LeNetModern", lr=0.02),
    bench=bench("lenet_modern_numpy", "LeNetModern"),
    train_script="train_lenet",
)
LADDERS = {ladder.name: ladder for ladder in (LENET5, LENET5_MSE, LENET_MODERN)}
