"""The implementations that the chapter is compared with: the network from torch's modules, laid out as other code has it.

No library has the paper's network with unpadded convolutions; figure 1 is written down a second time here, as nested
`Sequential`s and torchvision's `center_crop`, without a line of ours. The padded variant is put together from the blocks of
segmentation-models-pytorch too, whose own network grows by interpolation and has an image classifier for its way down.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torchvision.transforms.functional import center_crop
from unet_levels import PaperUNet, PaperUpBlock, masks_of

from utils.levels.names import NameTable, Packed

NORM = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")


# ---- torch modules ----


def convolutions(c: int, d: int, same: bool) -> nn.Sequential:
    def one(a: int) -> list[nn.Module]:
        if same:
            return [nn.Conv2d(a, d, 3, padding="same", bias=False), nn.BatchNorm2d(d), nn.ReLU()]
        return [nn.Conv2d(a, d, 3), nn.ReLU()]

    return nn.Sequential(*one(c), *one(d))


class Step(nn.Module):
    """Its parts under other names than ours."""

    def __init__(self, c: int, same: bool) -> None:
        super().__init__()
        self.enlarge, self.refine = nn.ConvTranspose2d(2 * c, c, 2, stride=2), convolutions(2 * c, c, same)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        x = self.enlarge(x)
        return self.refine(torch.cat((center_crop(skip, list(x.shape[-2:])), x), 1))


class Figure1(nn.Module):
    def __init__(self, in_channels: int, classes: int, depth: int, width: int, same: bool = False) -> None:
        super().__init__()
        widths = [width * 2**i for i in range(depth + 1)]
        self.contract = nn.ModuleList(
            convolutions(a, b, same) for a, b in zip([in_channels, *widths[:-1]], widths, strict=True)
        )
        self.expand = nn.ModuleList(Step(c, same) for c in widths[-2::-1])
        self.classify, self.pool = nn.Conv2d(width, classes, 1), nn.MaxPool2d(2, 2)

    def forward(self, x: Tensor, masks: tuple[Tensor, ...]) -> Tensor:
        maps: list[Tensor] = []
        for block in self.contract:
            maps.append(block(self.pool(maps[-1]) if maps else x))
            if masks and len(maps) >= len(self.contract) - 1:
                maps[-1] = maps[-1] * masks[len(maps) - len(self.contract) + 1]
        x = maps.pop()
        for step in self.expand:
            x = step(x, maps.pop())
        return self.classify(x)


def convolution_names(theirs: str, ours: str, same: bool) -> Iterator[tuple[str, str]]:
    for i, conv, norm in ((1, 0, 1), (2, 3 if same else 2, 4)):
        yield f"{theirs}.{conv}.weight", f"{ours}.conv{i}.weight"
        if same:
            for part in NORM:
                yield f"{theirs}.{norm}.{part}", f"{ours}.bn{i}.{part}"
        else:
            yield f"{theirs}.{conv}.bias", f"{ours}.conv{i}.bias"


def step_names(theirs: str, ours: str, same: bool) -> Iterator[tuple[str, str]]:
    yield from ((f"{theirs}enlarge.{p}", f"{ours}upconv.{p}") for p in ("weight", "bias"))
    yield from convolution_names(f"{theirs}refine", f"{ours}convs", same)


def network_names(depth: int, same: bool) -> dict[str, str]:
    names = {f"classify.{p}": f"head.{p}" for p in ("weight", "bias")}
    for level in range(depth + 1):
        ours = f"down.{level}" if level < depth else "bottom"
        names |= dict(convolution_names(f"contract.{level}", ours, same))
    for step in range(depth):
        names |= dict(step_names(f"expand.{step}.", f"up.{step}.", same))
    return names


# ---- segmentation-models-pytorch ----


class LibraryBlocks(nn.Module):
    """Its center blocks down, an up-convolution and its decoder block up. The decoder block would interpolate to the size of
    the skip; the map has that size already, and is left as it is."""

    def __init__(self, in_channels: int, classes: int, depth: int, width: int, same: bool) -> None:
        from segmentation_models_pytorch.base import SegmentationHead  # takes two seconds; only this class needs it
        from segmentation_models_pytorch.decoders.unet.decoder import UnetCenterBlock, UnetDecoderBlock

        super().__init__()
        widths = [width * 2**i for i in range(depth + 1)]
        self.down = nn.ModuleList(
            UnetCenterBlock(a, b) for a, b in zip([in_channels, *widths[:-1]], widths, strict=True)
        )
        self.upconvs = nn.ModuleList(nn.ConvTranspose2d(2 * c, c, 2, stride=2) for c in widths[-2::-1])
        self.blocks = nn.ModuleList(UnetDecoderBlock(c, c, c) for c in widths[-2::-1])
        self.segmentation_head = SegmentationHead(width, classes, kernel_size=1)

    def forward(self, x: Tensor, masks: tuple[Tensor, ...]) -> Tensor:
        features: list[Tensor] = []
        for level, block in enumerate(self.down):
            features.append(block(nn.functional.max_pool2d(features[-1], 2) if features else x))
            if masks and level >= len(self.down) - 2:
                features[-1] = features[-1] * masks[level - len(self.down) + 2]
        x = features.pop()
        for upconv, block in zip(self.upconvs, self.blocks, strict=True):
            skip = features.pop()
            x = block(upconv(x), *skip.shape[2:], skip)
        return self.segmentation_head(x)


@dataclass(frozen=True)
class Exchanged(Packed):
    """A kernel (O, 2 C, k, k) that meets the skip last, where ours meets it first."""

    def join(self, parts: list[np.ndarray]) -> np.ndarray:
        (weight,) = parts
        return np.roll(weight, weight.shape[1] // 2, axis=1)

    def split(self, whole: np.ndarray) -> list[np.ndarray]:
        return [np.roll(whole, whole.shape[1] // 2, axis=1) if whole.ndim else whole.copy()]


def library_names(depth: int) -> dict[str, str | Packed]:
    def convolution(theirs: str, ours: str, i: int) -> dict[str, str]:
        norm = {f"{theirs}.1.{part}": f"{ours}.bn{i}.{part}" for part in NORM}
        return {f"{theirs}.0.weight": f"{ours}.conv{i}.weight"} | norm

    names: dict[str, str | Packed] = {f"segmentation_head.0.{p}": f"head.{p}" for p in ("weight", "bias")}
    for i in (1, 2):
        for level in range(depth + 1):
            names |= convolution(f"down.{level}.{i - 1}", f"down.{level}" if level < depth else "bottom", i)
        for step in range(depth):
            names |= convolution(f"blocks.{step}.conv{i}", f"up.{step}.convs", i)
    for step in range(depth):
        names |= {f"upconvs.{step}.{p}": f"up.{step}.upconv.{p}" for p in ("weight", "bias")}
        names[f"blocks.{step}.conv1.0.weight"] = Exchanged((f"up.{step}.convs.conv1.weight",))
    return names


# ---- how they are called ----


class TorchStep(PaperUpBlock):
    names = NameTable(dict(step_names("", "", same=False)))

    def build(self):
        return Step(self.sizes["channels"], self.sizes["same"])


class TorchFigure1(PaperUNet):
    @property
    def names(self) -> NameTable:  # pyright: ignore[reportIncompatibleVariableOverride] - they depend on the depth
        return NameTable(network_names(self.sizes["depth"], self.sizes.get("same", False)))

    def build(self):
        return Figure1(**self.sizes)

    def forward(self, model: Any, batch: Any, training: bool) -> dict[str, Tensor]:
        return {"logits": model(batch["images"], masks_of(batch, training))}

    def loss(self, model: Any, outputs: dict[str, Tensor], batch: Any) -> Tensor:
        """Equation 1 from torch's softmax."""
        p = outputs["logits"].softmax(dim=1)
        of_label = (p * nn.functional.one_hot(batch["labels"], p.shape[1]).movedim(3, 1)).sum(dim=1)
        return -(batch["weights"] * of_label.log()).sum() / batch["weights"].numel()


class SegmentationModels(TorchFigure1):
    @property
    def names(self) -> NameTable:  # pyright: ignore[reportIncompatibleVariableOverride]
        return NameTable(library_names(self.sizes["depth"]))

    def build(self):
        return LibraryBlocks(**self.sizes)
