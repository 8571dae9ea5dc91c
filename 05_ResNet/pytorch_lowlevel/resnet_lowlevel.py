"""Residual networks on tensors: batch normalisation, shortcuts and blocks written out; autograd does the backward pass.

He, Zhang, Ren, Sun 2016, sections 3.2, 3.3, 4.2 and Table 1. The dict holds parameters and running statistics under
torchvision's names. Convolution and max-pooling were written out in chapter 03 and come from `torch.nn.functional` here.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

Params = dict[str, Tensor]
BUFFERS = ("running_mean", "running_var", "num_batches_tracked")  # the last part of the names that are not trained

DEPTHS = {  # Table 1: 3x3 blocks or bottlenecks, and how many in each stage
    18: ("basic", (2, 2, 2, 2)),
    34: ("basic", (3, 4, 6, 3)),
    50: ("bottleneck", (3, 4, 6, 3)),
    101: ("bottleneck", (3, 4, 23, 3)),
    152: ("bottleneck", (3, 8, 36, 3)),
}


# --8<-- [start:batch_norm]
def batch_norm(p: Params, name: str, x: Tensor, training: bool, eps: float = 1e-5, momentum: float = 0.1) -> Tensor:
    """weight (x - mean) / sqrt(var + eps) + bias, for each channel. x: (B, C, H, W)

    Training: statistics of the batch, through which the gradient flows; the running ones follow, in place and unrecorded.
    """
    weight, bias = p[f"{name}.weight"], p[f"{name}.bias"]
    if x.ndim != 4 or x.shape[1] != len(weight):
        raise ValueError(f"{name} expected (B, {len(weight)}, H, W), got {tuple(x.shape)}")
    n = x.numel() // len(weight)
    if training and n == 1:
        raise ValueError(f"{name} in training needs more than one value per channel, got {tuple(x.shape)}")
    # eq: batch-norm
    mean = x.mean(dim=(0, 2, 3)) if training else p[f"{name}.running_mean"]  # (C,)
    centred = x - mean[:, None, None]
    if training:
        # eq: batch-norm
        var = centred.square().mean(dim=(0, 2, 3))  # (C,), divided by n; `torch.var_mean` takes ten times as long
        with torch.no_grad():
            # eq: running-statistics
            p[f"{name}.running_mean"].lerp_(mean, momentum)
            # eq: running-statistics
            p[f"{name}.running_var"].lerp_(var * (n / (n - 1)), momentum)  # divided by n - 1
            p[f"{name}.num_batches_tracked"].add_(1)
    else:
        var = p[f"{name}.running_var"]
    scale = weight * torch.rsqrt(var + eps)  # (C,)
    # eq: batch-norm
    return torch.addcmul(bias[:, None, None], centred, scale[:, None, None])  # scale (x - mean) + bias


# --8<-- [end:batch_norm]


# --8<-- [start:shortcut]
def shortcut(p: Params, name: str, x: Tensor, out_channels: int, stride: int, training: bool) -> Tensor:
    """The identity, or a projection (option B) where there is one, or every second pixel and zeros (option A)."""
    if f"{name}.downsample.0.weight" in p:
        x = F.conv2d(x, p[f"{name}.downsample.0.weight"], stride=stride)
        return batch_norm(p, f"{name}.downsample.1", x, training)
    more = out_channels - x.shape[1]
    if stride == 1 and more == 0:
        return x
    x = x[:, :, ::stride, ::stride]
    # eq: option-a
    return F.pad(x, (0, 0, 0, 0, more // 2, more - more // 2))  # channels of zeros before and behind


# --8<-- [end:shortcut]


# --8<-- [start:block]
def branch(p: Params, name: str, x: Tensor, stride: int, training: bool, record: Params) -> Tensor:
    """F(x): two 3x3 convolutions, or 1x1, 3x3, 1x1; the stride is on the first 3x3. A ReLU after each but the last."""
    last = 3 if f"{name}.conv3.weight" in p else 2
    for i in range(1, last + 1):
        weight = p[f"{name}.conv{i}.weight"]
        strided = i == last - 1  # conv1 of two, conv2 of three
        x = F.conv2d(x, weight, stride=stride if strided else 1, padding=weight.shape[2] // 2)
        record[f"{name}.conv{i}"] = x
        x = record[f"{name}.bn{i}"] = batch_norm(p, f"{name}.bn{i}", x, training)
        if i < last:
            x = F.relu(x)
    return x


def block(p: Params, name: str, x: Tensor, stride: int, residual: bool, training: bool, record: Params) -> Tensor:
    """ReLU(F(x) + shortcut(x)) (equations 1 and 2), or ReLU(F(x)) in a plain network. x: (B, C, H, W)"""
    y = branch(p, name, x, stride, training, record)
    if residual:
        # eq: residual-block
        y = y + shortcut(p, name, x, y.shape[1], stride, training)
    y = record[name] = F.relu(y)
    return y


# --8<-- [end:block]


def stages(p: Params, x: Tensor, first_stride: int, residual: bool, training: bool, record: Params) -> Tensor:
    """All blocks of all stages, as many as the dict has."""
    stage = 1
    while f"layer{stage}.0.conv1.weight" in p:
        i = 0
        while f"layer{stage}.{i}.conv1.weight" in p:
            stride = 1 if i else (first_stride if stage == 1 else 2)
            x = block(p, f"layer{stage}.{i}", x, stride, residual, training, record)
            i += 1
        stage += 1
    return x


def check_images(name: str, x: Tensor, channels: int, smallest: int) -> None:
    """Refuse what is no (B, channels, H, W) with at least one value per channel after the last stride."""
    shape = tuple(x.shape)
    if x.ndim != 4 or shape[1] != channels or x.numel() == 0 or min(shape[2:]) < smallest:
        raise ValueError(
            f"{name} expected a non-empty (B, {channels}, H, W) with H and W of at least {smallest}, got {shape}"
        )


# --8<-- [start:cifar_model]
def cifar_resnet(
    p: Params, x: Tensor, training: bool = True, *, residual: bool = True
) -> tuple[Tensor, dict[str, Tensor]]:
    """The network of section 4.2. x: (B, 3, H, W), 32x32 in the paper. Returns: logits (B, classes), activations"""
    check_images("cifar_resnet", x, p["conv1.weight"].shape[1], 4)
    record: Params = {}
    x = record["conv1"] = F.conv2d(x, p["conv1.weight"], padding=1)
    x = record["bn1"] = batch_norm(p, "bn1", x, training)
    x = stages(p, F.relu(x), 1, residual, training, record)  # (B, 4 width, H/4, W/4)
    x = record["avgpool"] = x.mean(dim=(2, 3))  # (B, 4 width)
    x = record["fc"] = F.linear(x, p["fc.weight"], p["fc.bias"])
    return x, record


# --8<-- [end:cifar_model]


# --8<-- [start:imagenet_model]
def resnet(p: Params, x: Tensor, training: bool = True, *, residual: bool = True) -> tuple[Tensor, dict[str, Tensor]]:
    """The networks of Table 1. x: (B, 3, H, W), 224x224 in the paper. Returns: logits (B, classes), activations"""
    check_images("resnet", x, 3, 32)
    record: Params = {}
    x = record["conv1"] = F.conv2d(x, p["conv1.weight"], stride=2, padding=3)
    x = record["bn1"] = batch_norm(p, "bn1", x, training)
    x = record["maxpool"] = F.max_pool2d(F.relu(x), 3, 2, padding=1)  # (B, width, H/4, W/4)
    x = stages(p, x, 1, residual, training, record)  # (B, 8 width expansion, H/32, W/32)
    x = record["avgpool"] = x.mean(dim=(2, 3))  # (B, 8 width expansion)
    x = record["fc"] = F.linear(x, p["fc.weight"], p["fc.bias"])
    return x, record


# --8<-- [end:imagenet_model]


# --8<-- [start:init]
def he_normal(*shape: int, generator: torch.Generator) -> Tensor:
    """N(0, 2 / fan_in) (He et al. 2015, equation 10), a leaf that is trained."""
    fan_in = math.prod(shape[1:])
    # eq: he-initialisation
    return (torch.randn(shape, generator=generator) * math.sqrt(2.0 / fan_in)).requires_grad_()


def add_norm(p: Params, name: str, channels: int) -> None:
    """Scale 1, shift 0, and running statistics of mean 0 and variance 1."""
    p[f"{name}.weight"] = torch.ones(channels, requires_grad=True)
    p[f"{name}.bias"] = torch.zeros(channels, requires_grad=True)
    p[f"{name}.running_mean"], p[f"{name}.running_var"] = torch.zeros(channels), torch.ones(channels)
    p[f"{name}.num_batches_tracked"] = torch.zeros((), dtype=torch.int64)


def add_stage(
    p: Params, stage: int, c: int, channels: int, count: int, kind: str, option: str, generator: torch.Generator
) -> int:
    """Parameters of `count` blocks on `c` input channels. Returns: the output channels"""
    out = channels * (4 if kind == "bottleneck" else 1)
    for i in range(count):
        name, stride = f"layer{stage}.{i}", 2 if stage > 1 and i == 0 else 1
        if kind == "bottleneck":
            shapes = [(channels, c, 1), (channels, channels, 3), (out, channels, 1)]
        else:
            shapes = [(channels, c, 3), (channels, channels, 3)]
        for j, (o, into, k) in enumerate(shapes, start=1):
            p[f"{name}.conv{j}.weight"] = he_normal(o, into, k, k, generator=generator)
            add_norm(p, f"{name}.bn{j}", o)
        if option == "B" and (stride > 1 or c != out):
            p[f"{name}.downsample.0.weight"] = he_normal(out, c, 1, 1, generator=generator)
            add_norm(p, f"{name}.downsample.1", out)
        c = out
    return c


def init_resnet(
    counts: tuple[int, ...],
    *,
    kind: str,
    width: int,
    in_channels: int = 3,
    classes: int,
    option: str,
    stem: int,
    generator: torch.Generator,
) -> Params:
    """Every tensor of a network: stem kernel of `stem` x `stem`, blocks per stage as in `counts`."""
    if option not in ("A", "B", "none"):
        raise ValueError(f"unknown shortcut option {option!r}: A (zero padding), B (projection), none (plain network)")
    p: Params = {"conv1.weight": he_normal(width, in_channels, stem, stem, generator=generator)}
    add_norm(p, "bn1", width)
    c = width
    for stage, count in enumerate(counts, start=1):
        c = add_stage(p, stage, c, width << (stage - 1), count, kind, option, generator)
    p["fc.weight"] = he_normal(classes, c, generator=generator)
    p["fc.bias"] = torch.zeros(classes, requires_grad=True)
    return p


# --8<-- [end:init]


def init_cifar_resnet(
    depth: int,
    *,
    width: int = 16,
    in_channels: int = 3,
    classes: int = 10,
    option: str = "A",
    generator: torch.Generator,
) -> Params:
    """depth: 6n + 2."""
    n, rest = divmod(depth - 2, 6)
    if rest or n < 1:
        raise ValueError(f"a CIFAR ResNet has depth 6n + 2 (8, 14, 20, 26, 32, ..., 56, ..., 110), got {depth}")
    return init_resnet(
        (n, n, n),
        kind="basic",
        width=width,
        in_channels=in_channels,
        classes=classes,
        option=option,
        stem=3,
        generator=generator,
    )


def init_imagenet_resnet(
    depth: int,
    *,
    width: int = 64,
    classes: int = 1000,
    option: str = "B",
    layers: tuple[int, ...] | None = None,
    generator: torch.Generator,
) -> Params:
    """depth: 18, 34, 50, 101 or 152; layers: blocks per stage where they are not the depth's own."""
    if depth not in DEPTHS:
        raise ValueError(f"ResNet has no depth {depth}: choose one of {', '.join(map(str, DEPTHS))}")
    kind, counts = DEPTHS[depth]
    return init_resnet(
        layers or counts, kind=kind, width=width, classes=classes, option=option, stem=7, generator=generator
    )
