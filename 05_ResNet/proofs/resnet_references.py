"""The implementations that the chapter is compared with: torchvision's blocks, timm's network, torch.nn layers in a row.

Each is built in the small sizes of the proofs.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import torch
import torchvision.models.resnet as tv
from resnet_levels import CIFAR, CIFAR_BLOCKS, SGD, module_pass
from torch import Tensor, nn
from torch.nn import functional as F

from utils.levels import ModuleLevel


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
