"""The four networks at every level behind one interface, with parameters and batches to prove on."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import numpy as np
import torch
from logistic_numpy import CrossEntropyLoss
from switched_level import SwitchedLevel
from torch import Tensor
from torch.nn import functional as F

from utils.ladder import Batch, Level, Params
from utils.levels import LowLevel, NumpyLevel

# The paper has 0.1, 0.9, 1e-4; this decay shows in ten steps.
SGD: dict[str, Any] = {"lr": 0.05, "momentum": 0.9, "weight_decay": 1e-2}
CIFAR = {"depth": 8, "width": 5, "in_channels": 3, "classes": 7}  # shortcuts: identity, then two that change the shape
IMAGENET = {"width": 5, "classes": 7}

Sizes = Mapping[str, Any]


# ---- parameters and batches ----


def shapes_of(paper_class: str, options: Sizes) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the paper level's parameters and buffers."""
    with torch.device("meta"):
        model = getattr(importlib.import_module("resnet_paper"), paper_class)(**options)
    return {name: tuple(value.shape) for name, value in model.state_dict().items()}


def random_params(paper_class: str, options: Sizes) -> Callable[[np.random.Generator], Params]:
    """Everything random, scales, shifts and running statistics too: ones and zeros would hide what is left out."""

    def init(rng: np.random.Generator) -> Params:
        params: Params = {}
        for name, shape in shapes_of(paper_class, options).items():
            if name.endswith("num_batches_tracked"):
                params[name] = np.array(rng.integers(1, 100))
            elif name.endswith("running_var") or (name.endswith("weight") and len(shape) == 1):
                params[name] = rng.uniform(0.5, 1.5, size=shape)
            elif len(shape) > 1:
                params[name] = rng.normal(size=shape) * np.sqrt(2.0 / np.prod(shape[1:]))
            else:
                params[name] = rng.normal(size=shape) * 0.3
        return params

    return init


def random_batch(examples: int, height: int, width: int, channels: int = 3, classes: int = 7) -> Callable:
    def batch(rng: np.random.Generator) -> Batch:
        images = rng.normal(size=(examples, channels, height, width))
        return {"images": images, "labels": rng.integers(0, classes, examples)}

    return batch


SMALL_BATCH = random_batch(2, 13, 11)  # halved twice with rest: 13, 7, 4 and 11, 6, 3
LARGE_BATCH = random_batch(2, 37, 43)  # halved five times with rest: 37, 19, 10, 5, 3, 2


def cifar_sizes(params: Params) -> dict[str, Any]:
    """The arguments of the CIFAR network whose parameters these are."""
    n = sum(name.startswith("layer1.") and name.endswith(".conv1.weight") for name in params)
    width, in_channels = params["conv1.weight"].shape[:2]
    option = {"option": "B"} if any(".downsample." in name for name in params) else {}
    return {"depth": 6 * n + 2, "width": width, "in_channels": in_channels, "classes": len(params["fc.bias"])} | option


def imagenet_sizes(params: Params) -> dict[str, Any]:
    """Width, classes and blocks per stage of the ImageNet network whose parameters these are."""
    first = [name for name in params if name.endswith(".0.conv1.weight")]
    counts = [sum(n.startswith(f"{f.split('.')[0]}.") and n.endswith(".conv1.weight") for n in params) for f in first]
    return {"width": len(params["bn1.weight"]), "classes": len(params["fc.bias"]), "layers": tuple(counts)}


def trace_of(blocks: list[str], convs: int, *, pooled: bool = False) -> tuple[str, ...]:
    """Names of the recorded activations, in the order of computation."""
    inner = [f"{b}.{part}{i}" for b in blocks for i in range(1, convs + 1) for part in ("conv", "bn")]
    ordered: list[str] = []
    for b in blocks:
        ordered += [name for name in inner if name.startswith(f"{b}.")] + [b]
    return ("conv1", "bn1", *(["maxpool"] if pooled else []), *ordered, "avgpool", "fc")


# ---- levels ----


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One family of networks: what differs between the ladders of this chapter."""

    numpy_class: str
    lowlevel: str
    init: str
    fixed: Sizes
    default: Sizes
    sizes: Callable[[Params], dict[str, Any]]
    trace: tuple[str, ...]

    def options(self, sizes: Sizes) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**self.fixed, **(sizes or self.default)}

    @property
    def residual(self) -> bool:
        return self.fixed.get("option") != "none"

    def numpy(self, module: ModuleType) -> Level:
        criterion = CrossEntropyLoss()

        def one_pass(model: Any, batch: Batch, training: bool) -> tuple[dict, float, Callable]:
            logits = model.forward(batch["images"], training)
            loss = criterion.forward(logits, batch["labels"])

            def backward(inputs: bool) -> dict[str, np.ndarray]:
                dx = model.backward(criterion.backward(), input_grad=inputs)
                return {"images": dx} if inputs else {}

            return {"logits": logits}, loss, backward

        def build(rng: np.random.Generator, dtype: Any, **sizes: Any) -> Any:
            return getattr(module, self.numpy_class)(**self.options(sizes), rng=rng, dtype=dtype)

        def optimizer(model: Any, **options: Any) -> Any:
            return importlib.import_module("optimizers_numpy").SGD(model.params, **SGD | options)

        return NumpyLevel(build, one_pass, optimizer, activations=self.trace, sizes=self.sizes)

    def pytorch_lowlevel(self, module: ModuleType) -> Level:
        def one_pass(params: dict[str, Tensor], batch: dict[str, Tensor], training: bool) -> tuple[dict, Tensor, dict]:
            forward = getattr(module, self.lowlevel)
            logits, record = forward(params, batch["images"], training, residual=self.residual)
            return {"logits": logits}, F.cross_entropy(logits, batch["labels"]), record

        def optimizer(params: dict[str, Tensor], **options: Any) -> Any:
            return importlib.import_module("optimizers_lowlevel").SGD(params, **SGD | options)

        return LowLevel(
            lambda g: getattr(module, self.init)(**self.options({}), generator=g),
            one_pass,
            optimizer,
            inputs=("images",),
            buffers=RunningStatistics(),
        )

    def paper(self, module: ModuleType) -> Level:
        return SwitchedLevel(
            lambda **sizes: getattr(module, self.numpy_class)(**self.options(sizes)),
            module_pass,
            lambda model, **options: torch.optim.SGD(model.parameters(), **SGD | options),
            inputs=("images",),
            init=module.init_resnet,
            activations=self.trace,
            sizes=self.sizes,
        )

    def builders(self) -> dict[str, Callable[[ModuleType], Level]]:
        return {"numpy": self.numpy, "pytorch_lowlevel": self.pytorch_lowlevel, "paper": self.paper}


class RunningStatistics(frozenset[str]):
    """The names of all running statistics, of however many layers: the depth of the network varies."""

    def __contains__(self, name: object) -> bool:
        return str(name).endswith(("running_mean", "running_var", "num_batches_tracked"))


def module_pass(model: Any, batch: dict[str, Tensor]) -> tuple[dict[str, Tensor], Tensor]:
    logits = model(batch["images"])
    return {"logits": logits}, F.cross_entropy(logits, batch["labels"])


CIFAR_BLOCKS = [f"layer{stage}.0" for stage in (1, 2, 3)]
CIFAR_TRACE = trace_of(CIFAR_BLOCKS, 2)
LAYERS_50 = (1, 2, 1, 1)
BLOCKS_18 = [f"layer{s}.{i}" for s in (1, 2, 3, 4) for i in range(2)]
BLOCKS_50 = [f"layer{s}.{i}" for s, count in enumerate(LAYERS_50, start=1) for i in range(count)]

CIFAR_KIND = Kind(
    numpy_class="CifarResNet",
    lowlevel="cifar_resnet",
    init="init_cifar_resnet",
    fixed={},
    default=CIFAR,
    sizes=cifar_sizes,
    trace=CIFAR_TRACE,
)
PLAIN_KIND = replace(CIFAR_KIND, fixed={"option": "none"})
KIND_18 = Kind(
    numpy_class="ResNet",
    lowlevel="resnet",
    init="init_imagenet_resnet",
    fixed={"depth": 18},
    default=IMAGENET,
    sizes=imagenet_sizes,
    trace=trace_of(BLOCKS_18, 2, pooled=True),
)
KIND_50 = Kind(
    numpy_class="ResNet",
    lowlevel="resnet",
    init="init_imagenet_resnet",
    fixed={"depth": 50},
    default=IMAGENET | {"layers": LAYERS_50},
    sizes=imagenet_sizes,
    trace=trace_of(BLOCKS_50, 3, pooled=True),
)
