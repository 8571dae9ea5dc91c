"""U-Net in NumPy: the contracting path, the expanding path, and the weighted loss of every pixel.

Ronneberger, Fischer, Brox 2015: section 2 and figure 1 (architecture), section 3 (loss, initialisation).
Derivations: `../theory.md`. With `same`, the variant that most code calls U-Net: padded, batch-normalised convolutions.

    B  batch    C  channels    K  classes    H, W  image    h, w  label map, smaller by the border that is lost
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

import numpy as np
from activations_numpy import ReLU
from batchnorm_numpy import BatchNorm2d
from conv_numpy import Conv2d, MaxPool2d, check_images
from mlp_numpy import he_normal
from module_numpy import Module
from transposed_numpy import Concatenate, ConvTranspose2d, Crop

Array = np.ndarray


# --8<-- [start:sizes]
def output_size(size: int, depth: int = 4, *, same: bool = False) -> int:
    """Pixels of a label map's side for an image of that side: 388 for 572 (figure 1).

    Raises:
        ValueError: somewhere on the way down a pooling would meet an odd side, or nothing would be left; the message names
            the nearest sides that work.
    """
    if not is_legal(size, depth, same):
        below = next((n for n in range(size - 1, 0, -1) if is_legal(n, depth, same)), None)
        above = next(n for n in count(max(size, 0) + 1) if is_legal(n, depth, same))
        near = str(above) if below is None else f"{below} or {above}"
        raise ValueError(f"a U-Net of depth {depth} takes no image of side {size}; the nearest that it takes: {near}")
    return size if same else size - border(depth)


def border(depth: int = 4) -> int:
    """Pixels that the unpadded network loses of a side, 184 at depth 4. Two convolutions cost 4 pixels of their level, 2^l
    pixels of the image: 4 2^l on the way down and on the way up for l < depth, once at the bottom; 12 2^depth - 8 in all."""
    # eq: lost-border
    return 12 * 2**depth - 8


def is_legal(size: int, depth: int, same: bool = False) -> bool:
    """Whether every pooling meets an even side and the label map has a pixel."""
    if same:
        return size > 0 and size % 2**depth == 0
    if size <= border(depth):
        return False
    for _ in range(depth):
        size -= 4  # two 3x3 convolutions
        if size % 2:
            return False
        size //= 2
    return True


# --8<-- [end:sizes]


# --8<-- [start:double_conv]
class DoubleConv(Module):
    """Two 3x3 convolutions, each followed by a ReLU (section 2); with `same`, padded and normalised before the ReLU."""

    def __init__(
        self, in_channels: int, channels: int, *, same: bool = False, rng: np.random.Generator, dtype: Any = np.float64
    ) -> None:
        super().__init__()
        p = 1 if same else 0
        self.conv1 = Conv2d(in_channels, channels, 3, padding=p, bias=not same, rng=rng, dtype=dtype)
        self.bn1 = BatchNorm2d(channels, dtype=dtype) if same else None
        self.relu1 = ReLU()
        self.conv2 = Conv2d(channels, channels, 3, padding=p, bias=not same, rng=rng, dtype=dtype)
        self.bn2 = BatchNorm2d(channels, dtype=dtype) if same else None
        self.relu2 = ReLU()

    def forward(self, x: Array, training: bool = True) -> Array:
        """x: (B, C, H, W). Returns: (B, channels, H - 4, W - 4), or H x W with `same`"""
        x = self.conv1.forward(x)  # (B, channels, H - 2, W - 2)
        x = self.relu1.forward(x if self.bn1 is None else self.bn1.forward(x, training))
        x = self.conv2.forward(x)  # (B, channels, H - 4, W - 4)
        return self.relu2.forward(x if self.bn2 is None else self.bn2.forward(x, training))

    def backward(self, dy: Array) -> Array:
        """dy: as the output. Adds to `grads`. Returns: dx (B, C, H, W)"""
        return self.conv1.backward_input(self.backward_params(dy))

    def backward_params(self, dy: Array) -> Array:
        """dy: as the output. Adds to `grads`. Returns: the gradient of the first convolution's output, without its last step"""
        dy = self.relu2.backward(dy)
        dy = self.conv2.backward(dy if self.bn2 is None else self.bn2.backward(dy))
        dy = self.relu1.backward(dy)
        dy = dy if self.bn1 is None else self.bn1.backward(dy)
        self.conv1.backward_params(dy)
        return dy


# --8<-- [end:double_conv]


# --8<-- [start:up_block]
class UpBlock(Module):
    """A step of the expanding path: up-convolution to half the channels, the cropped skip in front, two convolutions."""

    def __init__(self, channels: int, *, same: bool = False, rng: np.random.Generator, dtype: Any = np.float64) -> None:
        """channels: of the output and of the skip; the input from below has twice as many."""
        super().__init__()
        self.channels = channels
        self.upconv = ConvTranspose2d(2 * channels, channels, 2, stride=2, rng=rng, dtype=dtype)
        self.crop = Crop()
        self.join = Concatenate()
        self.convs = DoubleConv(2 * channels, channels, same=same, rng=rng, dtype=dtype)

    def forward(self, x: Array, skip: Array, training: bool = True) -> Array:
        """x: (B, 2 C, h, w), skip: (B, C, H, W) of at least 2h x 2w. Returns: (B, C, 2h - 4, 2w - 4), 2h x 2w with `same`"""
        check_images("UpBlock", x, 2 * self.channels, 1)
        check_images("UpBlock", skip, self.channels, 2)
        if len(x) != len(skip):
            raise ValueError(f"UpBlock expected as many skips as images from below, got {x.shape} and {skip.shape}")
        x = self.upconv.forward(x)  # (B, C, 2h, 2w)
        skip = self.crop.forward(skip, *x.shape[2:])  # (B, C, 2h, 2w)
        return self.convs.forward(self.join.forward(skip, x), training)

    def backward(self, dy: Array) -> tuple[Array, Array]:
        """dy: as the output. Adds to `grads`. Returns: dx (B, 2 C, h, w), dskip (B, C, H, W)"""
        dskip, dx = self.join.backward(self.convs.backward(dy))  # a joint hands each part its own channels
        return self.upconv.backward(dx), self.crop.backward(dskip)


# --8<-- [end:up_block]


# --8<-- [start:model]
class UNet(Module):
    """Figure 1: `depth` times two convolutions and a pooling, two convolutions at the bottom, `depth` steps up, a 1x1
    convolution. 31,030,658 parameters at the paper's sizes, which are the defaults.

    Args:
        width: channels of the first level; each level below has twice as many.
        same: padded convolutions with batch normalisation: the label map is as large as the image.
        rng: draws every weight from N(0, 2 / N), N the incoming nodes of a neuron (section 3); biases are zero.
    """

    def __init__(
        self,
        *,
        in_channels: int = 1,
        classes: int = 2,
        depth: int = 4,
        width: int = 64,
        same: bool = False,
        rng: np.random.Generator,
        dtype: Any = np.float64,
    ) -> None:
        super().__init__()
        if depth < 1:
            raise ValueError(f"UNet needs a depth of at least 1, got {depth}")
        self.in_channels, self.depth, self.same = in_channels, depth, same
        channels = [width << level for level in range(depth + 1)]
        self.down = [
            DoubleConv(c, d, same=same, rng=rng, dtype=dtype)
            for c, d in zip([in_channels, *channels], channels[:-1], strict=False)
        ]
        self.pools = [MaxPool2d(2) for _ in self.down]
        self.bottom = DoubleConv(channels[-2], channels[-1], same=same, rng=rng, dtype=dtype)
        self.up = [UpBlock(c, same=same, rng=rng, dtype=dtype) for c in reversed(channels[:-1])]
        self.head = Conv2d(width, classes, 1, rng=rng, dtype=dtype)
        for name, p in self.params.items():
            if p.ndim > 1 and "upconv" not in name:  # which has drawn its own by the same rule
                p[...] = he_normal(p.shape, rng=rng)

    def forward(self, x: Array, masks: Sequence[Array] = (), training: bool = True) -> Array:
        """x: (B, C, H, W). masks: dropout at the end of the contracting path (section 3): factors for the last level before
        the bottom and for the bottom, none without. Returns: logits (B, K, h, w)"""
        check_images("UNet", x, self.in_channels, 1)
        for side in x.shape[2:]:
            output_size(side, self.depth, same=self.same)
        self.masks, skips = masks, []
        for level, (block, pool) in enumerate(zip(self.down, self.pools, strict=True), start=1):
            x = block.forward(x, training)
            if masks and level == self.depth:
                x = x * masks[0]
            skips.append(x)
            x = pool.forward(x)  # half the side
        x = self.bottom.forward(x, training)
        if masks:
            x = x * masks[1]
        for block, skip in zip(self.up, reversed(skips), strict=True):
            x = block.forward(x, skip, training)  # twice the side, less 4
        return self.head.forward(x)

    def backward(self, dlogits: Array, *, input_grad: bool = True) -> Array | None:
        """dlogits: (B, K, h, w). Adds to `grads`. Returns: dx (B, C, H, W), or None where it is not asked for"""
        dx, dskips = self.head.backward(dlogits), []
        for block in reversed(self.up):
            dx, dskip = block.backward(dx)
            dskips.append(dskip)  # from the first level to the last
        if self.masks:
            dx = dx * self.masks[1]
        dx = self.bottom.backward(dx)
        for level in range(self.depth, 0, -1):
            # eq: two-ways
            dx = self.pools[level - 1].backward(dx) + dskips[level - 1]  # the map went two ways: both gradients count
            if self.masks and level == self.depth:
                dx = dx * self.masks[0]
            if level == 1 and not input_grad:
                self.down[0].backward_params(dx)
                return None
            dx = self.down[level - 1].backward(dx)
        return dx


# --8<-- [end:model]


# --8<-- [start:loss]
class PixelLoss:
    """E = - mean over the pixels of w(x) log p_label(x)(x), p the softmax over the classes (equation 1, whose minus sign is
    missing in print; the paper sums)."""

    def forward(self, logits: Array, labels: Array, weights: Array) -> float:
        """logits: (B, K, h, w), labels: integers (B, h, w), weights: (B, h, w).

        Raises:
            ValueError: shapes that do not fit, no pixel, labels that are no classes, weights below zero or not finite.
        """
        check_pixels(logits, labels, weights)
        shifted = logits - logits.max(axis=1, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))  # (B, K, h, w)
        self.log_p, self.labels, self.weights = log_p, labels[:, None], weights[:, None]  # (B, 1, h, w)
        # eq: pixel-energy
        return -float((self.weights * np.take_along_axis(log_p, self.labels, axis=1)).mean())

    def backward(self, dy: float = 1.0) -> Array:
        """Returns: dE/dlogits (B, K, h, w) = w (p - y) / n, y one-hot, n the number of pixels"""
        d = np.exp(self.log_p)
        # eq: pixel-energy-backward
        at_label = np.take_along_axis(d, self.labels, axis=1) - 1.0
        np.put_along_axis(d, self.labels, at_label, axis=1)  # p - y
        # eq: pixel-energy-backward
        d *= self.weights * (dy / self.labels.size)
        return d


# --8<-- [end:loss]


def check_pixels(logits: Array, labels: Array, weights: Array) -> None:
    """Refuse labels and weights that do not fit the logits."""
    expected = (len(logits), *logits.shape[2:])
    if logits.ndim != 4 or logits.size == 0 or labels.shape != expected or weights.shape != expected:
        raise ValueError(
            "PixelLoss expected non-empty logits (B, K, h, w), labels (B, h, w) and weights (B, h, w), got "
            f"{logits.shape}, {labels.shape} and {weights.shape}"
        )
    if not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(f"PixelLoss expected integer labels, got {labels.dtype}")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        wrong = labels[(labels < 0) | (labels >= logits.shape[1])][0]
        raise ValueError(f"PixelLoss expected labels from 0 to {logits.shape[1] - 1}, got {wrong}")
    if not (np.isfinite(weights).all() and weights.min() >= 0):
        raise ValueError("PixelLoss expected finite weights of at least zero")
