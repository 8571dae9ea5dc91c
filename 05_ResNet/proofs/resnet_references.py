"""The implementations that the chapter is compared with: torchvision's blocks, timm's network, torch.nn layers in a row."""

from __future__ import annotations

import importlib
from dataclasses import replace
from typing import Any

import torchvision.models.resnet as tv
from resnet_levels import PaperCifarResNet, PaperResNet
from torch import Tensor, nn
from torch.nn import functional as F

from utils.ladder import Ladder, Load
from utils.levels.names import NameTable

NORM = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
COUNTS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}  # Table 1


# ---- networks of the libraries' blocks ----


class LibraryResNet(PaperResNet):
    """A network of a library's parts, under our names. Their ReLUs and sums overwrite what a normalisation returned, and
    their pooling keeps two axes of length one: these two activations are left out."""

    def __init__(self, ladder: Ladder, load: Load, sizes: dict[str, Any]) -> None:
        compared = [name for name in ladder.activations if "bn" not in name and name != "avgpool"]
        super().__init__(replace(ladder, activations=tuple(compared)), load, sizes)


class TorchvisionCifar(LibraryResNet):
    def build(self):
        return torchvision_cifar(**self.sizes)


class Torchvision(LibraryResNet):
    def build(self):
        return torchvision_resnet(**self.sizes)


class Timm(LibraryResNet):
    def build(self):
        return timm_resnet(**self.sizes)


class ZeroPad(nn.Module):
    """Option A, which torchvision has not, from torch.nn alone."""

    def __init__(self, more: int, stride: int) -> None:
        super().__init__()
        self.pad = nn.ZeroPad3d((0, 0, 0, 0, more // 2, more - more // 2))  # channels are the third axis from behind
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        return self.pad(F.max_pool2d(x, 1, self.stride))  # a maximum over single pixels


def shortcut(option: str, c: int, out: int, stride: int) -> nn.Module | None:
    if stride == 1 and c == out:
        return None
    if option == "A":
        return ZeroPad(out - c, stride)
    return nn.Sequential(nn.Conv2d(c, out, 1, stride, bias=False), nn.BatchNorm2d(out))


def torchvision_cifar(depth: int, width: int, in_channels: int, classes: int, option: str) -> nn.Module:
    """The CIFAR network of torchvision's basic blocks, with torchvision's own forward pass without the max-pooling."""
    n, w, net = (depth - 2) // 6, width, nn.Module()
    net.conv1, net.bn1 = nn.Conv2d(in_channels, w, 3, padding=1, bias=False), nn.BatchNorm2d(w)
    net.maxpool, net.layer4 = nn.Identity(), nn.Identity()
    return finished(net, tv.BasicBlock, w, (n, n, n), option, classes)


def torchvision_resnet(
    depth: int, width: int, classes: int, layers: tuple[int, ...] | None = None, option: str = "B"
) -> nn.Module:
    """torchvision's blocks at any width."""
    block, net = tv.BasicBlock if depth < 50 else tv.Bottleneck, nn.Module()
    net.conv1, net.bn1 = nn.Conv2d(3, width, 7, 2, 3, bias=False), nn.BatchNorm2d(width)
    net.maxpool = nn.MaxPool2d(3, 2, 1)
    return finished(net, block, width, layers or COUNTS[depth], option, classes)


def finished(net: Any, block: Any, width: int, counts: tuple[int, ...], option: str, classes: int) -> nn.Module:
    """Stages and classifier behind the stem, called as torchvision's `ResNet._forward_impl` calls them."""
    c = width
    for stage, count in enumerate(counts):
        planes, stride = width << stage, 2 if stage else 1
        out = planes * block.expansion
        first = block(c, planes, stride, shortcut(option, c, out, stride))
        rest = (block(out, planes) for _ in range(count - 1))
        setattr(net, f"layer{stage + 1}", nn.Sequential(first, *rest))
        c = out
    net.relu, net.avgpool, net.fc = nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Linear(c, classes)
    net.forward = lambda x: tv.ResNet._forward_impl(net, x)
    return net


def timm_resnet(depth: int, width: int, classes: int, layers: tuple[int, ...] | None = None) -> nn.Module:
    """timm's network at any width; its stem is always 64 channels wide, so this one is replaced."""
    models: Any = importlib.import_module("timm.models.resnet")
    block, w = models.BasicBlock if depth < 50 else models.Bottleneck, width
    channels = (w, 2 * w, 4 * w, 8 * w)
    net = models.ResNet(block, layers or COUNTS[depth], num_classes=classes, channels=channels, zero_init_last=False)
    net.conv1, net.bn1 = nn.Conv2d(3, w, 7, 2, 3, bias=False), nn.BatchNorm2d(w)
    net.layer1[0] = block(w, w, downsample=shortcut("B", w, w * block.expansion, 1))
    return net


# ---- the plain network from torch.nn alone ----


class Sequential(PaperCifarResNet):
    """The plain network as one row of torch.nn layers."""

    @property
    def blocks(self) -> int:
        """In each stage."""
        return (self.sizes["depth"] - 2) // 6

    def build(self):
        n, w, c = self.blocks, self.sizes["width"], self.sizes["in_channels"]
        parts: list[nn.Module] = []
        for out, convs in ((w, 2 * n + 1), (2 * w, 2 * n), (4 * w, 2 * n)):
            for i in range(convs):
                stride = 2 if i == 0 and out > w else 1
                parts += [nn.Conv2d(c, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out), nn.ReLU()]
                c = out
        return nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(c, self.sizes["classes"]))

    @property
    def names(self) -> NameTable:
        blocks = [f"layer{stage}.{i}." for stage in (1, 2, 3) for i in range(self.blocks)]
        convs = ["conv1", *(f"{block}conv{i}" for block in blocks for i in (1, 2))]
        table = {f"{3 * i}.weight": f"{conv}.weight" for i, conv in enumerate(convs)}
        table |= {f"{3 * i + 1}.{p}": f"{conv.replace('conv', 'bn')}.{p}" for i, conv in enumerate(convs) for p in NORM}
        last = 3 * len(convs) + 2  # after pooling and flattening
        return NameTable(table | {f"{last}.{p}": f"fc.{p}" for p in ("weight", "bias")})
