"""The modern perceptron and the one of 1998 at every level behind one interface, with parameters and batches to prove on."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from itertools import pairwise
from types import ModuleType
from typing import Any

import numpy as np
import torch
from logistic_lowlevel import cross_entropy
from logistic_numpy import CrossEntropyLoss
from torch import Tensor
from torch.nn import functional as F

from utils.ladder import Batch, Level, Params
from utils.levels import LowLevel, ModuleLevel, NumpyLevel

SIZES = (11, 7, 5, 3)  # distinct primes: a transposed or swapped axis cannot go unnoticed
EXAMPLES = 13
DROPOUT = 0.3
ADAMW: dict[str, Any] = {"lr": 1e-3, "weight_decay": 1e-2}
SGD_1998: dict[str, Any] = {"lr": 0.01}


# ---- parameters and batches ----


def random_params(rng: np.random.Generator, sizes: tuple[int, ...] = SIZES) -> Params:
    """Weights and biases all random: a bias of zero would hide that it is never added."""
    params = {}
    for i, (fan_in, width) in enumerate(pairwise(sizes)):
        params[f"linears.{i}.weight"] = rng.normal(size=(width, fan_in)) * np.sqrt(2.0 / fan_in)
        params[f"linears.{i}.bias"] = rng.normal(size=width) * 0.5
    return params


def with_masks(batch: Batch, widths: tuple[int, ...], p: float, rng: np.random.Generator) -> Batch:
    """The batch, with a dropout mask "mask0", "mask1", ... for each hidden layer."""
    dropout_mask = importlib.import_module("mlp_numpy").dropout_mask
    n = len(batch["labels"])
    return batch | {f"mask{i}": dropout_mask((n, width), p, rng=rng) for i, width in enumerate(widths)}


def masks_of(batch: Mapping[str, Any], training: bool) -> list[Any] | None:
    """The dropout masks of a batch in order; None in evaluation and where there are none."""
    names = sorted(name for name in batch if name.startswith("mask"))
    return [batch[name] for name in names] if training and names else None


def plain_batch(rng: np.random.Generator) -> Batch:
    return {"images": rng.normal(size=(EXAMPLES, SIZES[0])), "labels": rng.integers(0, SIZES[-1], EXAMPLES)}


def masked_batch(rng: np.random.Generator) -> Batch:
    return with_masks(plain_batch(rng), SIZES[1:-1], DROPOUT, rng)


def sizes_of(params: Params) -> dict[str, Any]:
    """The widths of the network whose parameters these are."""
    weights = [params[f"linears.{i}.weight"] for i in range(len(params) // 2)]
    return {"sizes": (weights[0].shape[1], *(w.shape[0] for w in weights))}


# ---- the modern network at each level ----

MLP_TRACE = (*(f"{part}.{i}" for i in range(2) for part in ("linears", "relus", "dropouts")), "linears.2")


def numpy_mlp(module: ModuleType) -> Level:
    criterion = CrossEntropyLoss()

    def one_pass(model: Any, batch: Batch, training: bool) -> tuple[dict, float, Callable]:
        logits = model.forward(batch["images"], masks_of(batch, training))
        loss = criterion.forward(logits, batch["labels"])
        return {"logits": logits}, loss, lambda inputs: {"images": model.backward(criterion.backward())}

    def optimizer(model: Any, **options: Any) -> Any:
        return importlib.import_module("optimizers_numpy").AdamW(model.params, **ADAMW | options)

    def build(rng: np.random.Generator, dtype: Any, sizes: tuple[int, ...] = SIZES) -> Any:
        return module.MLP(sizes, rng=rng, dtype=dtype)

    return NumpyLevel(build, one_pass, optimizer, activations=MLP_TRACE, sizes=sizes_of)


def lowlevel_mlp(module: ModuleType) -> Level:
    def one_pass(params: dict[str, Tensor], batch: dict[str, Tensor], training: bool) -> tuple[dict, Tensor, dict]:
        logits, activations = module.mlp(params, batch["images"], masks_of(batch, training))
        return {"logits": logits}, cross_entropy(logits, batch["labels"]), activations

    def optimizer(params: dict[str, Tensor], **options: Any) -> Any:
        return importlib.import_module("optimizers_lowlevel").AdamW(params, **ADAMW | options)

    return LowLevel(lambda g: module.init_mlp(SIZES, generator=g), one_pass, optimizer, inputs=("images",))


def paper_pass(model: Any, batch: dict[str, Tensor]) -> tuple[dict[str, Tensor], Tensor]:
    logits = model(batch["images"], masks_of(batch, model.training))
    return {"logits": logits}, F.cross_entropy(logits, batch["labels"])


def paper_mlp(module: ModuleType) -> Level:
    return ModuleLevel(
        lambda sizes=SIZES: module.MLP(sizes),
        paper_pass,
        lambda model, **options: torch.optim.AdamW(model.parameters(), **ADAMW | options),
        inputs=("images",),
        init=module.init_mlp,
        activations=MLP_TRACE,
        sizes=sizes_of,
    )


# ---- the network of 1998 at each level ----

TRACE_1998 = tuple(f"{part}.{i}" for i in range(3) for part in ("linears", "squashes"))


def numpy_mlp1998(module: ModuleType) -> Level:
    criterion = module.SquaredError()

    def one_pass(model: Any, batch: Batch, training: bool) -> tuple[dict, float, Callable]:
        outputs = model.forward(batch["images"])
        targets = module.one_of_k(batch["labels"], outputs.shape[1]).astype(outputs.dtype)
        loss = criterion.forward(outputs, targets)
        return {"outputs": outputs}, loss, lambda inputs: {"images": model.backward(criterion.backward())}

    def optimizer(model: Any, **options: Any) -> Any:
        return importlib.import_module("optimizers_numpy").SGD(model.params, **SGD_1998 | options)

    def build(rng: np.random.Generator, dtype: Any, sizes: tuple[int, ...] = SIZES) -> Any:
        return module.MLP1998(sizes, rng=rng, dtype=dtype)

    return NumpyLevel(build, one_pass, optimizer, activations=TRACE_1998, sizes=sizes_of)


def lowlevel_mlp1998(module: ModuleType) -> Level:
    def one_pass(params: dict[str, Tensor], batch: dict[str, Tensor], training: bool) -> tuple[dict, Tensor, dict]:
        outputs, activations = module.mlp1998(params, batch["images"])
        targets = module.one_of_k(batch["labels"], outputs.shape[1]).to(outputs.dtype)
        return {"outputs": outputs}, module.squared_error(outputs, targets), activations

    def optimizer(params: dict[str, Tensor], **options: Any) -> Any:
        return importlib.import_module("optimizers_lowlevel").SGD(params, **SGD_1998 | options)

    return LowLevel(lambda g: module.init_mlp1998(SIZES, generator=g), one_pass, optimizer, inputs=("images",))


def paper_mlp1998(module: ModuleType) -> Level:
    def one_pass(model: Any, batch: dict[str, Tensor]) -> tuple[dict[str, Tensor], Tensor]:
        outputs = model(batch["images"])
        return {"outputs": outputs}, module.squared_error(outputs, batch["labels"])

    return ModuleLevel(
        lambda sizes=SIZES: module.MLP1998(sizes),
        one_pass,
        lambda model, **options: torch.optim.SGD(model.parameters(), **SGD_1998 | options),
        inputs=("images",),
        init=module.init_mlp1998,
        activations=TRACE_1998,
        sizes=sizes_of,
    )
