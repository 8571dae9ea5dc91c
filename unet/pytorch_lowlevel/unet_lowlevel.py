"""U-Net on tensors: transposed convolution, cropping and both paths written out; autograd does the backward pass.

Ronneberger, Fischer, Brox 2015, sections 2 and 3. Convolution and pooling were written out in chapter 03 and come from
`torch.nn.functional` here, as do the columns of `F.fold`; batch normalisation is that of chapter 05.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from resnet_lowlevel import batch_norm
from torch import Tensor
from torch.nn import functional as F

Params = dict[str, Tensor]


# --8<-- [start:transposed_convolution]
def conv_transpose2d(
    x: Tensor, weight: Tensor, bias: Tensor, stride: int = 1, padding: int = 0, output_padding: int = 0
) -> Tensor:
    """y[b, o, s i + m - p, s j + n - p] += weight[c, o, m, n] x[b, c, i, j], and the bias.

    x: (B, C, h, w), weight: (C, O, k, k), bias: (O,). Returns: (B, O, H, W), H = (h - 1) s - 2 p + k + output_padding
    """
    C, O, k, _ = weight.shape  # noqa: E741
    if x.ndim != 4 or x.shape[1] != C or x.numel() == 0:
        raise ValueError(f"conv_transpose2d expected a non-empty (B, {C}, h, w), got {tuple(x.shape)}")
    size = tuple((n - 1) * stride - 2 * padding + k + output_padding for n in x.shape[2:])
    if min(size) < 1:
        raise ValueError(f"conv_transpose2d got {tuple(x.shape)}, of which padding {padding} leaves no pixel")
    # eq: transposed-forward
    cols = weight.flatten(1).T @ x.flatten(2)  # what every pixel stamps: (B, O k k, h w)
    if k == stride and padding == output_padding == 0:  # the stamps lie side by side: a matter of order alone
        B, _, h, w = x.shape
        y = cols.view(B, O, k, k, h, w).permute(0, 1, 4, 2, 5, 3).reshape(B, O, *size)
    else:
        # eq: transposed-forward
        y = F.fold(cols, size, k, padding=padding, stride=stride)  # stamps that overlap are added
    return y + bias[:, None, None]


# --8<-- [end:transposed_convolution]


# --8<-- [start:crop]
def crop(x: Tensor, height: int, width: int) -> Tensor:
    """The middle of an image; of an odd rest, the larger part is cut off at the bottom and right. x: (B, C, H, W)"""
    H, W = x.shape[2:]
    if not (1 <= height <= H and 1 <= width <= W):
        raise ValueError(f"crop cannot take {height} x {width} pixels out of {tuple(x.shape)}")
    # eq: crop-middle
    top, left = (H - height) // 2, (W - width) // 2
    return x[:, :, top : top + height, left : left + width]


# --8<-- [end:crop]


# --8<-- [start:double_conv]
def double_conv(p: Params, name: str, x: Tensor, training: bool, record: Params) -> Tensor:
    """Two 3x3 convolutions, each followed by a ReLU; padded and normalised before it where the dict has the statistics."""
    for i in (1, 2):
        same = f"{name}.bn{i}.weight" in p
        x = F.conv2d(x, p[f"{name}.conv{i}.weight"], p.get(f"{name}.conv{i}.bias"), padding=1 if same else 0)
        record[f"{name}.conv{i}"] = x
        x = F.relu(batch_norm(p, f"{name}.bn{i}", x, training) if same else x)
    record[name] = x
    return x


# --8<-- [end:double_conv]


# --8<-- [start:up_block]
def up_block(p: Params, name: str, x: Tensor, skip: Tensor, training: bool, record: Params) -> Tensor:
    """Up-convolution to half the channels, the cropped skip in front, two convolutions.

    x: (B, 2 C, h, w), skip: (B, C, H, W). Returns: (B, C, 2h - 4, 2w - 4), 2h x 2w with `same`
    """
    dot = f"{name}." if name else ""
    x = conv_transpose2d(x, p[f"{dot}upconv.weight"], p[f"{dot}upconv.bias"], stride=2)  # (B, C, 2h, 2w)
    record[f"{dot}upconv"] = x
    # eq: skip-join
    x = torch.cat([crop(skip, *x.shape[2:]), x], dim=1)  # (B, 2 C, 2h, 2w)
    return double_conv(p, f"{dot}convs", x, training, record)


# --8<-- [end:up_block]


# --8<-- [start:model]
def unet(p: Params, x: Tensor, masks: Sequence[Tensor] = (), training: bool = True) -> tuple[Tensor, Params]:
    """Figure 1, as deep as the dict is. x: (B, C, H, W). Returns: logits (B, K, h, w), activations

    masks: dropout at the end of the contracting path (section 3): factors for the last level before the bottom and for the
    bottom, none without.
    """
    channels = p["down.0.conv1.weight"].shape[1]
    if x.ndim != 4 or x.shape[1] != channels or x.numel() == 0:
        raise ValueError(f"unet expected a non-empty (B, {channels}, H, W), got {tuple(x.shape)}")
    depth = sum(name.endswith("upconv.weight") for name in p)
    check_sides(x, depth, same="bottom.bn1.weight" in p)
    record: Params = {}
    skips = []
    for level in range(depth):
        x = double_conv(p, f"down.{level}", x, training, record)
        if masks and level == depth - 1:
            x = x * masks[0]
        skips.append(x)
        x = F.max_pool2d(x, 2)  # half the side
    x = double_conv(p, "bottom", x, training, record)
    if masks:
        x = x * masks[1]
    for step in range(depth):
        x = record[f"up.{step}"] = up_block(p, f"up.{step}", x, skips.pop(), training, record)  # twice the side, less 4
    x = record["head"] = F.conv2d(x, p["head.weight"], p["head.bias"])
    return x, record


def check_sides(x: Tensor, depth: int, same: bool) -> None:
    """Refuse an image with an odd side before some pooling, or with no pixel left at the end."""
    lost = 0 if same else 4
    for side in x.shape[2:]:
        below = side
        for _ in range(depth):
            below -= lost
            if below % 2 or below < 2:
                raise ValueError(f"unet of depth {depth} takes no image of side {side}, got {tuple(x.shape)}")
            below //= 2
        # eq: lost-border
        if (below - lost) * 2**depth <= lost * (2**depth - 1):
            raise ValueError(f"unet of depth {depth} leaves nothing of an image of side {side}, got {tuple(x.shape)}")


# --8<-- [end:model]


# --8<-- [start:loss]
def pixel_loss(logits: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
    """- mean over the pixels of w(x) log p_label(x)(x) (equation 1). logits: (B, K, h, w), labels, weights: (B, h, w)"""
    log_p = logits - logits.logsumexp(dim=1, keepdim=True)
    # eq: pixel-energy
    return -(weights * log_p.gather(1, labels[:, None])[:, 0]).mean()


# --8<-- [end:loss]


# --8<-- [start:init]
def init_double_conv(name: str, in_channels: int, channels: int, same: bool, generator: torch.Generator) -> Params:
    """Convolutions from N(0, 2 / fan_in); biases 0, scales 1. With `same`, scales and statistics in place of biases."""
    p: Params = {}
    for i, c in ((1, in_channels), (2, channels)):
        p[f"{name}.conv{i}.weight"] = torch.randn(channels, c, 3, 3, generator=generator) * math.sqrt(2 / (9 * c))
        if same:
            p[f"{name}.bn{i}.weight"], p[f"{name}.bn{i}.bias"] = torch.ones(channels), torch.zeros(channels)
            p[f"{name}.bn{i}.running_mean"] = torch.zeros(channels)
            p[f"{name}.bn{i}.running_var"] = torch.ones(channels)
            p[f"{name}.bn{i}.num_batches_tracked"] = torch.zeros((), dtype=torch.int64)
        else:
            p[f"{name}.conv{i}.bias"] = torch.zeros(channels)
    return p


def init_up_block(name: str, channels: int, same: bool, generator: torch.Generator) -> Params:
    """The up-convolution from N(0, 2 / N), N = 2 C pixels below each output pixel."""
    dot = f"{name}." if name else ""
    # eq: up-initialisation
    weight = torch.randn(2 * channels, channels, 2, 2, generator=generator) * math.sqrt(2 / (2 * channels))
    p = {f"{dot}upconv.weight": weight, f"{dot}upconv.bias": torch.zeros(channels)}
    return p | init_double_conv(f"{dot}convs", 2 * channels, channels, same, generator)


def as_leaves(p: Params) -> Params:
    """The parameters with `requires_grad`; statistics are not trained."""
    for name, value in p.items():
        if "running" not in name and value.is_floating_point():
            value.requires_grad_()
    return p


def init_unet(
    *,
    in_channels: int = 1,
    classes: int = 2,
    depth: int = 4,
    width: int = 64,
    same: bool = False,
    generator: torch.Generator,
) -> Params:
    """Every weight from N(0, 2 / N), N the incoming nodes of a neuron (section 3); biases are zero."""
    if depth < 1:
        raise ValueError(f"unet needs a depth of at least 1, got {depth}")
    channels = [width << level for level in range(depth + 1)]
    p: Params = {}
    for level in range(depth):
        below = channels[level - 1] if level else in_channels
        p |= init_double_conv(f"down.{level}", below, channels[level], same, generator)
    p |= init_double_conv("bottom", channels[-2], channels[-1], same, generator)
    for step in range(depth):
        p |= init_up_block(f"up.{step}", channels[depth - 1 - step], same, generator)
    p["head.weight"] = torch.randn(classes, width, 1, 1, generator=generator) * math.sqrt(2 / width)
    p["head.bias"] = torch.zeros(classes)
    return as_leaves(p)


# --8<-- [end:init]
