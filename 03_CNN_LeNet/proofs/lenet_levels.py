"""LeNet-5 and the modern variant at every level behind one interface, with parameters and batches to prove on."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import numpy as np
import torch
from lenet_paper import FULL_TABLE
from logistic_numpy import CrossEntropyLoss
from torch import Tensor, nn
from torch.nn import functional as F

from utils.ladder import Batch, Level, Params
from utils.levels import LowLevel, ModuleLevel, NumpyLevel

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


# ---- the builders of each ladder ----

LENET5_BUILDERS = {
    "numpy": numpy_lenet5("map"),
    "pytorch_lowlevel": lowlevel_lenet5("map"),
    "paper": paper_lenet5("map"),
}
MSE_BUILDERS = {"numpy": numpy_lenet5("mse"), "pytorch_lowlevel": lowlevel_lenet5("mse"), "paper": paper_lenet5("mse")}
MODERN_BUILDERS = {"numpy": numpy_modern, "pytorch_lowlevel": lowlevel_modern, "paper": paper_modern}
