"""The contract of chapter 05: the CIFAR-10 networks with and without shortcuts, and those for ImageNet of both block types."""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
import torchvision.models.resnet as tv
from logistic_numpy import CrossEntropyLoss
from switched_level import SwitchedLevel
from torch import Tensor, nn
from torch.nn import functional as F

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
    Script,
)
from utils.numpy_level import NumpyLevel
from utils.parity import Finding, compare, failed, passed
from utils.planting import load_mistakes
from utils.torch_levels import LowLevel, ModuleLevel

MISTAKES = load_mistakes(Path(__file__).parent)

SGD: dict[str, Any] = {
    "lr": 0.05,
    "momentum": 0.9,
    "weight_decay": 1e-2,
}  # the paper: 0.1, 0.9, 1e-4; decay that shows in ten steps
CIFAR = {"depth": 8, "width": 5, "in_channels": 3, "classes": 7}  # shortcuts: identity, then two that change the shape
IMAGENET = {"width": 5, "classes": 7}
EXAMPLES = 2
HEIGHT, WIDTH = 13, 11  # halved twice with rest: 13, 7, 4 and 11, 6, 3
LARGE_EXAMPLES, LARGE_HEIGHT, LARGE_WIDTH = 2, 37, 43  # halved five times with rest: 37, 19, 10, 5, 3, 2

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


class Kind:
    """One family of networks: what differs between the ladders of this chapter."""

    def __init__(
        self,
        *,
        numpy_class: str,
        lowlevel: str,
        init: str,
        fixed: Sizes,
        default: Sizes,
        sizes: Callable[[Params], dict[str, Any]],
        trace: tuple[str, ...],
    ) -> None:
        self.name, self.lowlevel, self.init = numpy_class, lowlevel, init
        self.fixed, self.default, self.sizes, self.trace = dict(fixed), dict(default), sizes, trace

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
            return getattr(module, self.name)(**self.options(sizes), rng=rng, dtype=dtype)

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
            lambda **sizes: getattr(module, self.name)(**self.options(sizes)),
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
LAYERS_18, LAYERS_50 = (2, 2, 2, 2), (1, 2, 1, 1)
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
PLAIN_KIND = Kind(
    numpy_class="CifarResNet",
    lowlevel="cifar_resnet",
    init="init_cifar_resnet",
    fixed={"option": "none"},
    default=CIFAR,
    sizes=cifar_sizes,
    trace=CIFAR_TRACE,
)
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


# ---- references: torchvision's blocks and timm's network, in the small sizes of the proofs ----


class ZeroPad(nn.Module):
    """Option A, which torchvision has not, from torch.nn alone."""

    def __init__(self, more: int) -> None:
        super().__init__()
        self.pad = nn.ZeroPad3d((0, 0, 0, 0, more // 2, more - more // 2))  # channels are the third axis from behind

    def forward(self, x: Tensor) -> Tensor:
        return self.pad(F.max_pool2d(x, 1, 2))  # a maximum over single pixels, every second one


def projection(c: int, out: int, stride: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(c, out, 1, stride, bias=False), nn.BatchNorm2d(out))


def torchvision_cifar(depth: int = 8, width: int = 5, in_channels: int = 3, classes: int = 7, **_: Any) -> nn.Module:
    """The CIFAR network of torchvision's basic blocks, with torchvision's own forward pass without the max-pooling."""
    n, w, net = (depth - 2) // 6, width, nn.Module()
    net.conv1, net.bn1 = nn.Conv2d(in_channels, w, 3, padding=1, bias=False), nn.BatchNorm2d(w)
    for stage, (c, out) in enumerate(((w, w), (w, 2 * w), (2 * w, 4 * w)), start=1):
        first = tv.BasicBlock(c, out, 2, ZeroPad(out - c)) if c != out else tv.BasicBlock(c, out)
        setattr(net, f"layer{stage}", nn.Sequential(first, *(tv.BasicBlock(out, out) for _ in range(n - 1))))
    return finished(net, nn.Identity(), 4 * w, classes)


def finished(net: Any, maxpool: nn.Module, features: int, classes: int) -> nn.Module:
    """The network with pooling and classifier, called as torchvision's `ResNet._forward_impl` calls its parts."""
    net.relu, net.maxpool, net.avgpool = nn.ReLU(), maxpool, nn.AdaptiveAvgPool2d(1)
    net.layer4 = net.layer4 if hasattr(net, "layer4") else nn.Identity()
    net.fc = nn.Linear(features, classes)
    net.forward = lambda x: tv.ResNet._forward_impl(net, x)
    return net


def timm_resnet(block: str) -> Callable[..., nn.Module]:
    """timm's network at any width; its stem is always 64 channels wide, so this one is replaced."""

    def build(width: int, classes: int, layers: tuple[int, ...]) -> nn.Module:
        models: Any = importlib.import_module("timm.models.resnet")
        kind, w = getattr(models, block), width
        channels = (w, 2 * w, 4 * w, 8 * w)
        net = models.ResNet(kind, layers, num_classes=classes, channels=channels, zero_init_last=False)
        net.conv1, net.bn1 = nn.Conv2d(3, w, 7, 2, 3, bias=False), nn.BatchNorm2d(w)
        net.layer1[0] = kind(w, w, downsample=None if block == "BasicBlock" else projection(w, 4 * w, 1))
        return net

    return build


def torchvision_resnet(block: str) -> Callable[..., nn.Module]:
    """torchvision's blocks at any width."""

    def build(width: int, classes: int, layers: tuple[int, ...]) -> nn.Module:
        kind: Any = getattr(tv, block)
        net, c = nn.Module(), width
        net.conv1, net.bn1 = nn.Conv2d(3, width, 7, 2, 3, bias=False), nn.BatchNorm2d(width)
        for stage, count in enumerate(layers):
            planes, stride = width << stage, 2 if stage else 1
            out = planes * kind.expansion
            down = projection(c, out, stride) if stride > 1 or c != out else None
            rest = [kind(out, planes) for _ in range(count - 1)]
            setattr(net, f"layer{stage + 1}", nn.Sequential(kind(c, planes, stride, down), *rest))
            c = out
        return finished(net, nn.MaxPool2d(3, 2, 1), c, classes)

    return build


def plain_sequential() -> nn.Module:
    """The plain network as one row of torch.nn layers."""
    w, parts, c = CIFAR["width"], [], 3
    for out, stride in ((w, 1), (w, 1), (w, 1), (2 * w, 2), (2 * w, 1), (4 * w, 2), (4 * w, 1)):
        parts += [nn.Conv2d(c, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out), nn.ReLU()]
        c = out
    return nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(c, CIFAR["classes"]))


def plain_names() -> dict[str, str]:
    """Our names of the plain network -> the numbers in `plain_sequential`."""
    pairs = [("conv1", "bn1"), *((f"{b}.conv{i}", f"{b}.bn{i}") for b in CIFAR_BLOCKS for i in (1, 2))]
    names = {"fc.weight": "23.weight", "fc.bias": "23.bias"}
    for i, (conv, bn) in enumerate(pairs):
        names[f"{conv}.weight"] = f"{3 * i}.weight"
        for part in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked"):
            names[f"{bn}.{part}"] = f"{3 * i + 1}.{part}"
    return names


def reference(build: Callable[..., nn.Module], blocks: list[str], **options: Any) -> ModuleLevel:
    """Its block outputs are compared too; the convolutions' are, and those of the normalisation are overwritten in place."""
    return ModuleLevel(
        build,
        module_pass,
        lambda model, **given: torch.optim.SGD(model.parameters(), **SGD | given),
        inputs=("images",),
        activations=("conv1", *blocks) if blocks else (),
        **options,
    )


# ---- layers ----


class InEvaluation:
    """A layer in evaluation mode, for the comparison of layers, which calls `forward(x)`."""

    def __init__(self, layer: Any) -> None:
        self.layer, self.params, self.grads = layer, layer.params, layer.grads

    def forward(self, x: np.ndarray) -> np.ndarray:
        return self.layer.forward(x, False)

    def backward(self, dy: np.ndarray) -> np.ndarray:
        return self.layer.backward(dy)


def part(module: ModuleType, name: str, home: str = "batchnorm_numpy") -> Any:
    """A class of the level's own module, or of the module of this chapter that holds it."""
    return getattr(module, name) if hasattr(module, name) else getattr(importlib.import_module(home), name)


def norm_layer(module: ModuleType, rng: np.random.Generator) -> Any:
    layer = part(module, "BatchNorm2d")(3)
    layer.params["weight"][...] = rng.uniform(0.5, 1.5, 3)
    layer.params["bias"][...] = rng.normal(size=3)
    layer.buffers["running_mean"][...] = RUNNING_MEAN
    layer.buffers["running_var"][...] = RUNNING_VAR
    return layer


RUNNING_MEAN, RUNNING_VAR = np.array([0.3, -0.7, 1.1]), np.array([0.5, 1.3, 2.1])


def norm_case(module: ModuleType, rng: np.random.Generator) -> tuple[Any, tuple[np.ndarray, ...]]:
    return norm_layer(module, rng), (rng.normal(size=(2, 3, 5, 7)) * 2.0 + 1.0,)


def norm_case_evaluation(module: ModuleType, rng: np.random.Generator) -> tuple[Any, tuple[np.ndarray, ...]]:
    return InEvaluation(norm_layer(module, rng)), (rng.normal(size=(2, 3, 5, 7)),)


def norm_case_extreme(module: ModuleType, rng: np.random.Generator) -> tuple[Any, tuple[np.ndarray, ...]]:
    """A channel of one value only, one of tiny and one of huge values."""
    x = rng.normal(size=(2, 3, 5, 7))
    x[:, 0], x[:, 1], x[:, 2] = 4.0, x[:, 1] * 1e-6, x[:, 2] * 1e6
    return norm_layer(module, rng), (x,)


def torch_norm(params: dict[str, Tensor], x: Tensor) -> Tensor:
    return F.batch_norm(x, None, None, params["weight"], params["bias"], training=True)


def torch_norm_evaluation(params: dict[str, Tensor], x: Tensor) -> Tensor:
    mean, var = torch.tensor(RUNNING_MEAN), torch.tensor(RUNNING_VAR)
    return F.batch_norm(x, mean, var, params["weight"], params["bias"], training=False)


def pool_case(module: ModuleType, rng: np.random.Generator) -> tuple[Any, tuple[np.ndarray, ...]]:
    return part(module, "GlobalAvgPool")(), (rng.normal(size=(2, 3, 5, 7)),)


def pad_case(module: ModuleType, rng: np.random.Generator) -> tuple[Any, tuple[np.ndarray, ...]]:
    return part(module, "PadShortcut", "resnet_numpy")(3, 8, 2), (rng.normal(size=(2, 3, 5, 7)),)


def projection_case(module: ModuleType, rng: np.random.Generator) -> tuple[Any, tuple[np.ndarray, ...]]:
    layer = part(module, "Projection", "resnet_numpy")(3, 5, 2, rng=rng, dtype=np.float64)
    return randomised(layer, rng), (rng.normal(size=(2, 3, 7, 11)),)


def torch_projection(p: dict[str, Tensor], x: Tensor) -> Tensor:
    x = F.conv2d(x, p["0.weight"], stride=2)
    return F.batch_norm(x, None, None, p["1.weight"], p["1.bias"], training=True)


def randomised(layer: Any, rng: np.random.Generator) -> Any:
    for p in layer.params.values():
        p[...] = rng.uniform(0.5, 1.5, p.shape) if p.ndim == 1 else rng.normal(size=p.shape)
    return layer


def block_case(name: str, option: str, stride: int) -> Callable:
    def case(module: ModuleType, rng: np.random.Generator) -> tuple[Any, tuple[np.ndarray, ...]]:
        kind = part(module, name, "resnet_numpy")
        c = 3 if stride > 1 else 2 * kind.expansion
        channels = 5 if option == "A" and stride > 1 else 2  # a shortcut of zeros can only add channels
        return randomised(kind(c, channels, stride, option=option, rng=rng), rng), (rng.normal(size=(2, c, 5, 7)),)

    return case


def torch_block(option: str, stride: int) -> Callable:
    """A block of either kind from torch operations."""

    def block(p: dict[str, Tensor], x: Tensor) -> Tensor:
        last = 3 if "conv3.weight" in p else 2
        y = x
        for i in range(1, last + 1):
            weight = p[f"conv{i}.weight"]
            y = F.conv2d(y, weight, None, stride if i == last - 1 else 1, weight.shape[2] // 2)
            y = F.batch_norm(y, None, None, p[f"bn{i}.weight"], p[f"bn{i}.bias"], training=True)
            y = F.relu(y) if i < last else y
        if option == "B" and stride > 1:
            x = F.conv2d(x, p["downsample.0.weight"], stride=stride)
            x = F.batch_norm(x, None, None, p["downsample.1.weight"], p["downsample.1.bias"], training=True)
        elif option == "A" and stride > 1:
            more = y.shape[1] - x.shape[1]
            x = F.pad(x[:, :, ::stride, ::stride], (0, 0, 0, 0, more // 2, more - more // 2))
        return F.relu(y if option == "none" else y + x)

    return block


NORM_LAYERS = (
    LayerCase("BatchNorm2d", norm_case, torch_norm),
    LayerCase("BatchNorm2d in evaluation", norm_case_evaluation, torch_norm_evaluation),
    LayerCase("BatchNorm2d at extremes", norm_case_extreme, torch_norm, smooth=False),
    LayerCase("GlobalAvgPool", pool_case, lambda params, x: F.adaptive_avg_pool2d(x, 1).flatten(1)),
)
CIFAR_LAYERS = (
    *NORM_LAYERS,
    LayerCase("PadShortcut", pad_case, lambda params, x: F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 2, 3))),
    LayerCase("BasicBlock, identity", block_case("BasicBlock", "A", 1), torch_block("A", 1)),
    LayerCase("BasicBlock, option A", block_case("BasicBlock", "A", 2), torch_block("A", 2)),
)
LAYERS_OF_18 = (
    LayerCase("Projection", projection_case, torch_projection),
    LayerCase("BasicBlock, option B", block_case("BasicBlock", "B", 2), torch_block("B", 2)),
)
LAYERS_OF_50 = (
    LayerCase("Bottleneck, identity", block_case("Bottleneck", "B", 1), torch_block("B", 1)),
    LayerCase("Bottleneck, option B", block_case("Bottleneck", "B", 2), torch_block("B", 2)),
)
PLAIN_LAYERS = (LayerCase("BasicBlock, plain", block_case("BasicBlock", "none", 2), torch_block("none", 2)),)


# ---- checks ----

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


# ---- real data without a network: the digits of scikit-learn ----


def digits(split: str) -> Batch:
    """Images (N, 1, 8, 8), mean subtracted and scaled, and labels."""
    data = load_dataset("digits", split).arrays
    images = data["images"][:, None].astype(np.float64)
    return {"images": (images - 4.9) / 6.0, "labels": data["labels"]}


def digit_batches(rng: np.random.Generator, steps: int) -> Iterator[Batch]:
    data = digits("train")
    for _ in range(steps):
        chosen = rng.integers(0, len(data["labels"]), 32)
        yield {name: array[chosen] for name, array in data.items()}


def accuracy(outputs: dict[str, np.ndarray], batch: Batch) -> float:
    return float((outputs["logits"].argmax(axis=1) == batch["labels"]).mean())


def fresh(paper_class: str, dtype: Any = np.float64, **options: Any) -> Callable[[np.random.Generator], Params]:
    """The NumPy level's own initialisation, at other sizes."""

    def init(rng: np.random.Generator) -> Params:
        net = getattr(importlib.import_module("resnet_numpy"), paper_class)(**options, rng=rng, dtype=dtype)
        return {name: value.copy() for name, value in {**net.params, **net.buffers}.items()}

    return init


def float32(batch: Callable[[np.random.Generator], Batch]) -> Callable[[np.random.Generator], Batch]:
    return lambda rng: {k: v.astype(np.float32) if v.dtype == np.float64 else v for k, v in batch(rng).items()}


def climb(option: str) -> Climb:
    return Climb(
        dataset="digits (1,797 images of 8x8, scikit-learn)",
        batches=digit_batches,
        test=lambda: digits("test"),
        metric="accuracy",
        score=accuracy,
        init=fresh("CifarResNet", depth=8, width=8, in_channels=1, option=option),
        steps=150,
        options={"lr": 0.05, "weight_decay": 1e-4},
    )


def tiny_training(config: str, level: str, *changes: str) -> Callable[[Path], object]:
    def run(folder: Path) -> object:
        script = importlib.import_module("train_resnet")
        from utils.config import load_config

        configs = Path(__file__).parent / "paper" / "configs"
        settings = load_config(config, script.CONFIG, ["steps=8", "eval_every=4", *changes], folder=configs)
        return script.main(settings, folder, level=level)

    return run


# ---- the ladders ----

HE = "He, Zhang, Ren, Sun 2016"
MODULES = {"numpy": "resnet_numpy", "pytorch_lowlevel": "resnet_lowlevel", "paper": "resnet_paper"}

RECIPE = (
    Deviation(
        "Every convolution and the classifier are drawn with fan_in; torchvision and timm take fan_out for convolutions.",
        "Equation 10 of He et al. 2015 has fan_in; the two differ only where the number of channels changes.",
        "check: initialisation statistics",
    ),
    Deviation(
        "timm starts the last scale of every branch at zero, so that a block begins as the identity.",
        "That came after the paper (Goyal et al. 2017); ours start at one, as in the paper.",
        "check: initialisation statistics",
    ),
)

CHANNELS_LAST = {"paper, channels last": {"channels_last": True}}
COMPILED = {"paper, compiled": {"compiled": True}} if shutil.which("c++") else {}  # for a CPU it writes C++; minutes

CIFAR_LADDER = Ladder(
    name="cifar_resnet",
    chapter="05",
    paper=f"{HE}, section 4.2",
    init=random_params("CifarResNet", CIFAR),
    batch=random_batch(EXAMPLES, HEIGHT, WIDTH),
    modules=MODULES,
    builders=CIFAR_KIND.builders(),
    references={"torchvision blocks": reference(torchvision_cifar, CIFAR_BLOCKS, sizes=cifar_sizes)},
    activations=CIFAR_TRACE,
    layers=CIFAR_LAYERS,
    checks=(
        Check("initialisation statistics", init_check, proof="levels"),
        Check("parameter count", cifar_count_check),
    ),
    mistakes=MISTAKES["cifar_resnet"],
    deviations=(
        *RECIPE,
        Deviation(
            "Option A pads half of the zero channels on each side.",
            "The paper does not say where they stand; this is the common choice.",
            "05_ResNet/numpy/test_resnet_numpy.py::test_option_a_by_hand",
        ),
        Deviation(
            "Pixels are divided by their overall standard deviation after the per-pixel mean is subtracted.",
            "The paper only subtracts; the first batch normalisation undoes any scale, which then only affects the size of"
            " the first weight's gradient.",
            "05_ResNet/paper/test_resnet_paper.py::test_preparation",
        ),
        Deviation(
            "5,000 training images are held out in all runs, and the test set is the first 1,000 of the 10,000 test images.",
            "The paper holds 5,000 out to choose the schedule, and tests on all 10,000, of which only the first 1,000 are"
            " in the files that our set is made of.",
            "05_ResNet/paper/test_resnet_paper.py::test_parts_do_not_overlap",
        ),
    ),
    scripts=(
        Script("train_resnet tiny, paper level", tiny_training("tiny", "paper")),
        Script("train_resnet tiny, NumPy level", tiny_training("tiny", "numpy")),
        Script("train_resnet tiny, bfloat16", tiny_training("tiny", "paper", "amp=true", "channels_last=true")),
    ),
    overfit=Overfit(steps=30, loss=0.1, options={"lr": 0.1, "weight_decay": 1e-4}),
    climb=climb("A"),
    bench=Bench(
        init=fresh("CifarResNet", np.float32, depth=20),
        batch=float32(random_batch(32, 32, 32, classes=10)),
        what="ResNet-20, batch 32, 3x32x32",
        variants=CHANNELS_LAST | COMPILED,
    ),
    train_script="train_resnet",
)

PLAIN_LADDER = Ladder(
    name="plain",
    chapter="05",
    paper=f"{HE}, section 4.2, plain networks",
    init=random_params("CifarResNet", CIFAR | {"option": "none"}),
    batch=random_batch(EXAMPLES, HEIGHT, WIDTH),
    modules=MODULES,
    builders=PLAIN_KIND.builders(),
    references={"torch.nn.Sequential": reference(plain_sequential, [], names=plain_names())},
    activations=CIFAR_TRACE,
    layers=PLAIN_LAYERS,
    mistakes=MISTAKES["plain"],
    deviations=RECIPE[:1],
    overfit=Overfit(steps=60, loss=0.1, options={"lr": 0.1, "weight_decay": 1e-4}),
    climb=climb("none"),
    train_script="train_resnet",
)

RESNET18_LADDER = Ladder(
    name="resnet18",
    chapter="05",
    paper=f"{HE}, Table 1",
    init=random_params("ResNet", {"depth": 18, **IMAGENET}),
    batch=random_batch(LARGE_EXAMPLES, LARGE_HEIGHT, LARGE_WIDTH),
    modules=MODULES,
    builders=KIND_18.builders(),
    references={
        "torchvision blocks": reference(torchvision_resnet("BasicBlock"), BLOCKS_18, sizes=imagenet_sizes),
        "timm": reference(timm_resnet("BasicBlock"), BLOCKS_18, sizes=imagenet_sizes),
    },
    activations=KIND_18.trace,
    layers=LAYERS_OF_18,
    checks=(Check("parameter count", imagenet_count_check),),
    mistakes=MISTAKES["resnet18"],
    deviations=RECIPE,
    bench=Bench(
        init=fresh("ResNet", np.float32, depth=18, classes=10),
        batch=float32(random_batch(4, 64, 64, classes=10)),
        what="ResNet-18, batch 4, 3x64x64",
        variants=CHANNELS_LAST,
    ),
)

BOTTLENECK_LADDER = Ladder(
    name="bottleneck",
    chapter="05",
    paper=f"{HE}, Table 1 and figure 5",
    init=random_params("ResNet", {"depth": 50, "layers": LAYERS_50, **IMAGENET}),
    batch=random_batch(LARGE_EXAMPLES, LARGE_HEIGHT, LARGE_WIDTH),
    modules=MODULES,
    builders=KIND_50.builders(),
    references={
        "torchvision blocks": reference(torchvision_resnet("Bottleneck"), BLOCKS_50, sizes=imagenet_sizes),
        "timm": reference(timm_resnet("Bottleneck"), BLOCKS_50, sizes=imagenet_sizes),
    },
    activations=KIND_50.trace,
    layers=LAYERS_OF_50,
    mistakes=MISTAKES["bottleneck"],
    deviations=(
        Deviation(
            "Bottlenecks stride on the 3x3 convolution; the paper's text puts the stride on the first 1x1.",
            "torchvision and timm do so too, and checkpoints of theirs could not be loaded otherwise.",
            "05_ResNet/paper/test_resnet_paper.py::test_stride_of_the_bottleneck",
        ),
        *RECIPE,
    ),
    bench=Bench(
        init=fresh("ResNet", np.float32, depth=50, classes=10),
        batch=float32(random_batch(2, 64, 64, classes=10)),
        what="ResNet-50, batch 2, 3x64x64",
        variants=CHANNELS_LAST,
    ),
)

LADDERS = {
    "cifar_resnet": CIFAR_LADDER,
    "plain": PLAIN_LADDER,
    "resnet18": RESNET18_LADDER,
    "bottleneck": BOTTLENECK_LADDER,
}
