"""U-Net as modules.

Ronneberger, Fischer, Brox: U-Net: Convolutional Networks for Biomedical Image Segmentation, 2015 (arXiv 1505.04597):
section 2 and figure 1 (architecture), section 3 (loss, initialisation). With `same`, the variant that most code calls U-Net:
padded, batch-normalised convolutions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F


# --8<-- [start:sizes]
def is_legal(size: int, depth: int = 4, *, same: bool = False) -> bool:
    """Whether every pooling meets an even side, and the label map has a pixel."""
    lost = 0 if same else 4  # by two 3x3 convolutions
    side = size
    for _ in range(depth):
        side -= lost
        if side < 2 or side % 2:
            return False
        side //= 2
    side -= lost
    for _ in range(depth):
        side = 2 * side - lost
    return side > 0


def output_size(size: int, depth: int = 4, *, same: bool = False) -> int:
    """Pixels of a label map's side for an image of that side: 388 for 572 (figure 1).

    Raises:
        ValueError: the network takes no image of that side; the message names the nearest sides that it takes.
    """
    if not is_legal(size, depth, same=same):
        known = legal_sizes(max(size, 1) + 16 * 2**depth, depth, same=same)
        near = [max((n for n in known if n < size), default=None), min(n for n in known if n > size)]
        told = " or ".join(str(n) for n in near if n is not None)
        raise ValueError(f"a U-Net of depth {depth} takes no image of side {size}; the nearest that it takes: {told}")
    # eq: lost-border
    return size if same else size - 12 * 2**depth + 8  # 184 at depth 4


def legal_sizes(largest: int, depth: int = 4, *, same: bool = False) -> list[int]:
    """Every side up to `largest` that the network takes: 188, 204, 220, ... at depth 4."""
    return [size for size in range(1, largest + 1) if is_legal(size, depth, same=same)]


# --8<-- [end:sizes]


# --8<-- [start:double_conv]
class DoubleConv(nn.Module):
    """Two 3x3 convolutions, each followed by a ReLU (section 2); with `same`, padded and normalised before the ReLU."""

    def __init__(self, in_channels: int, channels: int, *, same: bool = False) -> None:
        super().__init__()
        p = 1 if same else 0
        self.conv1 = nn.Conv2d(in_channels, channels, 3, padding=p, bias=not same)
        self.bn1 = nn.BatchNorm2d(channels) if same else nn.Identity()
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=p, bias=not same)
        self.bn2 = nn.BatchNorm2d(channels) if same else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, C, H, W). Returns: (B, channels, H - 4, W - 4), or H x W with `same`"""
        x = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(x)))


# --8<-- [end:double_conv]


# --8<-- [start:up_block]
class UpBlock(nn.Module):
    """A step of the expanding path: up-convolution to half the channels, the cropped skip in front, two convolutions.

    channels: of the output and of the skip; the input from below has twice as many.
    """

    def __init__(self, channels: int, *, same: bool = False) -> None:
        super().__init__()
        self.upconv = nn.ConvTranspose2d(2 * channels, channels, 2, stride=2)
        self.convs = DoubleConv(2 * channels, channels, same=same)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """x: (B, 2 C, h, w), skip: (B, C, H, W) of at least 2h x 2w. Returns: (B, C, 2h - 4, 2w - 4), 2h x 2w with `same`"""
        # eq: transposed-forward
        x = self.upconv(x)  # (B, C, 2h, 2w)
        # eq: skip-join
        return self.convs(torch.cat([crop(skip, *x.shape[2:]), x], dim=1))


def crop(x: Tensor, height: int, width: int) -> Tensor:
    """The middle of an image; of an odd rest, the larger part is cut off at the bottom and right. x: (B, C, H, W)"""
    H, W = x.shape[2:]
    if not (1 <= height <= H and 1 <= width <= W):
        raise ValueError(f"crop cannot take {height} x {width} pixels out of {tuple(x.shape)}")
    # eq: crop-middle
    top, left = (H - height) // 2, (W - width) // 2
    return x[:, :, top : top + height, left : left + width]


# --8<-- [end:up_block]


# --8<-- [start:model]
class UNet(nn.Module):
    """Figure 1: `depth` times two convolutions and a pooling, two convolutions at the bottom, `depth` steps up, a 1x1
    convolution. 31,030,658 parameters at the paper's sizes, which are the defaults.

    Args:
        width: channels of the first level; each level below has twice as many.
        same: padded convolutions with batch normalisation: the label map is as large as the image.
        skips: without them (an ablation) zeros take their place, and the network keeps its sizes.
    """

    def __init__(
        self,
        *,
        in_channels: int = 1,
        classes: int = 2,
        depth: int = 4,
        width: int = 64,
        same: bool = False,
        skips: bool = True,
    ) -> None:
        super().__init__()
        if depth < 1:
            raise ValueError(f"UNet needs a depth of at least 1, got {depth}")
        self.in_channels, self.depth, self.same, self.skips = in_channels, depth, same, skips
        channels = [width << level for level in range(depth + 1)]
        ins = [in_channels, *channels]
        self.down = nn.ModuleList(DoubleConv(ins[i], channels[i], same=same) for i in range(depth))
        self.bottom = DoubleConv(channels[-2], channels[-1], same=same)
        self.up = nn.ModuleList(UpBlock(c, same=same) for c in reversed(channels[:-1]))
        self.head = nn.Conv2d(width, classes, 1)

    def forward(self, x: Tensor, masks: Sequence[Tensor] = ()) -> Tensor:
        """x: (B, C, H, W). masks: dropout at the end of the contracting path (section 3): factors for the last level before
        the bottom and for the bottom, none without. Returns: logits (B, K, h, w)"""
        if x.ndim != 4 or x.shape[1] != self.in_channels or x.numel() == 0:
            raise ValueError(f"UNet expected a non-empty (B, {self.in_channels}, H, W), got {tuple(x.shape)}")
        for side in x.shape[2:]:
            output_size(side, self.depth, same=self.same)
        skips = []
        for level, block in enumerate(self.down, start=1):
            x = block(x)
            if masks and level == self.depth:
                x = x * masks[0]
            skips.append(x if self.skips else torch.zeros_like(x))
            x = F.max_pool2d(x, 2)  # half the side
        x = self.bottom(x)
        if masks:
            x = x * masks[1]
        for block in self.up:
            x = block(x, skips.pop())  # twice the side, less 4
        return self.head(x)


# --8<-- [end:model]


# --8<-- [start:loss]
def pixel_loss(logits: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
    """E = - mean over the pixels of w(x) log p_label(x)(x) (equation 1; the paper sums, and its minus sign is missing).

    logits: (B, K, h, w), labels: integers (B, h, w), weights: (B, h, w)
    """
    # eq: pixel-energy
    return (weights * F.cross_entropy(logits, labels, reduction="none")).mean()


# --8<-- [end:loss]


# --8<-- [start:init]
@torch.no_grad()
def init_unet(model: nn.Module, generator: torch.Generator) -> None:
    """Every weight from N(0, 2 / N), N the incoming nodes of a neuron (section 3); biases 0, scales 1."""
    for module in model.modules():
        if isinstance(module, nn.ConvTranspose2d):  # weight (C, O, k, k): a pixel sums over C k^2 / stride^2 on average
            # eq: up-initialisation
            N = module.in_channels * math.prod(module.kernel_size) / math.prod(module.stride)
            module.weight.normal_(std=math.sqrt(2.0 / N), generator=generator)
        elif isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_in", nonlinearity="relu", generator=generator)
        elif isinstance(module, nn.BatchNorm2d):
            module.reset_parameters()
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d) and module.bias is not None:
            module.bias.zero_()


# --8<-- [end:init]
