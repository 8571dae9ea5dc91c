"""Residual networks in NumPy: blocks, shortcuts, the networks for CIFAR-10 and those for ImageNet.

He, Zhang, Ren, Sun 2016: section 3.2 (equations 1 and 2), section 3.3 (plain and residual networks, options A and B),
Table 1, section 4.2 (CIFAR-10). Derivations: `../theory.md`. Parameter names are those of torchvision and timm.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

import numpy as np
from activations_numpy import ReLU
from batchnorm_numpy import BatchNorm2d, GlobalAvgPool
from conv_numpy import Conv2d, MaxPool2d, check_images, to_batch_first, to_batch_last
from linear_numpy import Linear
from mlp_numpy import he_normal
from module_numpy import Module

Array = np.ndarray


# --8<-- [start:shortcut]
class PadShortcut(Module):
    """Option A: every second pixel, and channels of zeros, half of them on each side. No parameters (section 3.3).

    Raises:
        ValueError: an input that is no (B, C, H, W) or has other channels.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.in_channels, self.out_channels, self.stride = in_channels, out_channels, stride
        self.before = (out_channels - in_channels) // 2
        self.after = self.before + in_channels

    def forward(self, x: Array, training: bool = True) -> Array:
        """x: (B, C, H, W). Returns: (B, out_channels, h, w)"""
        check_images("PadShortcut", x, self.in_channels, 1)
        self.in_shape = x.shape
        small = to_batch_last(x[:, :, :: self.stride, :: self.stride])  # (C, h, w, B)
        y = np.zeros((self.out_channels, *small.shape[1:]), dtype=x.dtype)
        # eq: option-a
        y[self.before : self.after] = small
        return to_batch_first(y)

    def backward(self, dy: Array) -> Array:
        """dy: (B, out_channels, h, w). Returns: dx (B, C, H, W), zero at the pixels that were left out"""
        B, C, H, W = self.in_shape
        dx = to_batch_first(np.zeros((C, H, W, B), dtype=dy.dtype))
        # eq: option-a-backward
        dx[:, :, :: self.stride, :: self.stride] = dy[:, self.before : self.after]
        return dx


class Projection(Module):
    """Option B: a strided 1x1 convolution, W_s of equation 2, and batch normalisation."""

    def __init__(
        self, in_channels: int, out_channels: int, stride: int, *, rng: np.random.Generator, dtype: Any
    ) -> None:
        super().__init__()
        self.conv = Conv2d(in_channels, out_channels, 1, stride=stride, bias=False, rng=rng, dtype=dtype)
        self.bn = BatchNorm2d(out_channels, dtype=dtype)

    def layers(self) -> Iterator[tuple[str, Any]]:
        yield from (("0", self.conv), ("1", self.bn))  # the names in torchvision, where this is a Sequential

    def forward(self, x: Array, training: bool = True) -> Array:
        """x: (B, C, H, W). Returns: (B, out_channels, h, w)"""
        return self.bn.forward(self.conv.forward(x), training)

    def backward(self, dy: Array) -> Array:
        return self.conv.backward(self.bn.backward(dy))


def make_shortcut(
    option: str, in_channels: int, out_channels: int, stride: int, *, rng: np.random.Generator, dtype: Any
) -> Module | None:
    """What stands on the shortcut where the shape changes; None where it does not, and in a plain network."""
    if option not in ("A", "B", "none"):
        raise ValueError(f"unknown shortcut option {option!r}: A (zero padding), B (projection), none (plain network)")
    if option == "none" or (stride == 1 and in_channels == out_channels):
        return None
    if option == "A":
        return PadShortcut(in_channels, out_channels, stride)
    return Projection(in_channels, out_channels, stride, rng=rng, dtype=dtype)


# --8<-- [end:shortcut]


# --8<-- [start:block]
class Block(Module, ABC):
    """y = ReLU(F(x) + shortcut(x)) (equations 1 and 2); a plain network has y = ReLU(F(x))."""

    expansion = 1  # output channels for each of `channels`
    downsample: Any  # what stands on the shortcut; None where it is the identity
    relu_out: ReLU

    def __init__(self, option: str) -> None:
        super().__init__()
        self.residual = option != "none"

    @abstractmethod
    def branch(self, x: Array, training: bool) -> Array:
        """F(x), up to its last batch normalisation."""

    @abstractmethod
    def branch_backward(self, dy: Array) -> Array:
        """dy: as F(x). Returns: dx = dy dF/dx"""

    def forward(self, x: Array, training: bool = True) -> Array:
        """x: (B, C, H, W). Returns: (B, expansion * channels, h, w)"""
        y = self.branch(x, training)
        if self.residual:
            # eq: residual-block
            y = y + (x if self.downsample is None else self.downsample.forward(x, training))
        return self.relu_out.forward(y)

    def backward(self, dy: Array) -> Array:
        """dy: as the output. Returns: dx (B, C, H, W)"""
        dy = self.relu_out.backward(dy)
        # eq: residual-block-backward
        dx = self.branch_backward(dy)
        if self.residual:  # a sum hands its gradient to both: dx = dy dF/dx + dy
            # eq: residual-block-backward
            dx = dx + (dy if self.downsample is None else self.downsample.backward(dy))
        return dx


class BasicBlock(Block):
    """F: 3x3 convolution, normalisation, ReLU, 3x3 convolution, normalisation (figure 5, left)."""

    def __init__(
        self,
        in_channels: int,
        channels: int,
        stride: int = 1,
        *,
        option: str = "B",
        rng: np.random.Generator,
        dtype: Any = np.float64,
    ) -> None:
        super().__init__(option)
        self.conv1 = Conv2d(in_channels, channels, 3, stride=stride, padding=1, bias=False, rng=rng, dtype=dtype)
        self.bn1 = BatchNorm2d(channels, dtype=dtype)
        self.relu1 = ReLU()
        self.conv2 = Conv2d(channels, channels, 3, padding=1, bias=False, rng=rng, dtype=dtype)
        self.bn2 = BatchNorm2d(channels, dtype=dtype)
        self.downsample = make_shortcut(option, in_channels, channels, stride, rng=rng, dtype=dtype)
        self.relu_out = ReLU()

    def branch(self, x: Array, training: bool) -> Array:
        x = self.relu1.forward(self.bn1.forward(self.conv1.forward(x), training))  # (B, channels, h, w)
        return self.bn2.forward(self.conv2.forward(x), training)  # (B, channels, h, w)

    def branch_backward(self, dy: Array) -> Array:
        dy = self.conv2.backward(self.bn2.backward(dy))
        return self.conv1.backward(self.bn1.backward(self.relu1.backward(dy)))


class Bottleneck(Block):
    """F: 1x1 down to `channels`, 3x3, 1x1 up to four times as many (figure 5, right); the stride is on the 3x3."""

    expansion = 4

    def __init__(
        self,
        in_channels: int,
        channels: int,
        stride: int = 1,
        *,
        option: str = "B",
        rng: np.random.Generator,
        dtype: Any = np.float64,
    ) -> None:
        super().__init__(option)
        out = channels * self.expansion
        self.conv1 = Conv2d(in_channels, channels, 1, bias=False, rng=rng, dtype=dtype)
        self.bn1 = BatchNorm2d(channels, dtype=dtype)
        self.relu1 = ReLU()
        self.conv2 = Conv2d(channels, channels, 3, stride=stride, padding=1, bias=False, rng=rng, dtype=dtype)
        self.bn2 = BatchNorm2d(channels, dtype=dtype)
        self.relu2 = ReLU()
        self.conv3 = Conv2d(channels, out, 1, bias=False, rng=rng, dtype=dtype)
        self.bn3 = BatchNorm2d(out, dtype=dtype)
        self.downsample = make_shortcut(option, in_channels, out, stride, rng=rng, dtype=dtype)
        self.relu_out = ReLU()

    def branch(self, x: Array, training: bool) -> Array:
        x = self.relu1.forward(self.bn1.forward(self.conv1.forward(x), training))  # (B, channels, H, W)
        x = self.relu2.forward(self.bn2.forward(self.conv2.forward(x), training))  # (B, channels, h, w)
        return self.bn3.forward(self.conv3.forward(x), training)  # (B, 4 channels, h, w)

    def branch_backward(self, dy: Array) -> Array:
        dy = self.conv3.backward(self.bn3.backward(dy))
        dy = self.conv2.backward(self.bn2.backward(self.relu2.backward(dy)))
        return self.conv1.backward(self.bn1.backward(self.relu1.backward(dy)))


# --8<-- [end:block]


def make_stage(
    block: type[Block], in_channels: int, channels: int, count: int, stride: int, option: str, rng: Any, dtype: Any
) -> list[Any]:
    """`count` blocks, the first with the stride and the change of channels."""
    sizes = [(in_channels, stride), *[(channels * block.expansion, 1)] * (count - 1)]
    return [block(c, channels, s, option=option, rng=rng, dtype=dtype) for c, s in sizes]  # pyright: ignore


# --8<-- [start:init]
def init_he(model: Module, rng: np.random.Generator) -> None:
    """Every convolution and the classifier from N(0, 2 / fan_in) (He et al. 2015, equation 10); biases 0, scales 1."""
    for p in model.params.values():
        if p.ndim > 1:
            # eq: he-initialisation
            p[...] = he_normal(p.shape, rng=rng)


# --8<-- [end:init]


# --8<-- [start:cifar_model]
class CifarResNet(Module):
    """The network of section 4.2: depth 6n + 2, three stages of n basic blocks at 32x32, 16x16 and 8x8.

    Args:
        depth: 20, 32, 44, 56, 110, or any other 6n + 2.
        width: channels of the first stage (16); the others have twice and four times as many.
        option: "A", the paper's; "B"; or "none" for the plain network of the same depth.
    """

    def __init__(
        self,
        depth: int,
        *,
        width: int = 16,
        in_channels: int = 3,
        classes: int = 10,
        option: str = "A",
        rng: np.random.Generator,
        dtype: Any = np.float64,
    ) -> None:
        super().__init__()
        n, rest = divmod(depth - 2, 6)
        if rest or n < 1:
            raise ValueError(f"a CIFAR ResNet has depth 6n + 2 (8, 14, 20, 26, 32, ..., 56, ..., 110), got {depth}")
        self.in_channels = in_channels
        self.conv1 = Conv2d(in_channels, width, 3, padding=1, bias=False, rng=rng, dtype=dtype)
        self.bn1 = BatchNorm2d(width, dtype=dtype)
        self.relu = ReLU()
        self.layer1 = make_stage(BasicBlock, width, width, n, 1, option, rng, dtype)
        self.layer2 = make_stage(BasicBlock, width, 2 * width, n, 2, option, rng, dtype)
        self.layer3 = make_stage(BasicBlock, 2 * width, 4 * width, n, 2, option, rng, dtype)
        self.avgpool = GlobalAvgPool()
        self.fc = Linear(4 * width, classes, rng=rng, dtype=dtype)
        init_he(self, rng)

    def forward(self, x: Array, training: bool = True) -> Array:
        """x: (B, 3, H, W), 32x32 in the paper. Returns: logits (B, classes)"""
        check_images("CifarResNet", x, self.in_channels, 4)  # two strides of 2
        x = self.relu.forward(self.bn1.forward(self.conv1.forward(x), training))  # (B, width, H, W)
        for block in [*self.layer1, *self.layer2, *self.layer3]:
            x = block.forward(x, training)  # ... (B, 4 width, H/4, W/4)
        return self.fc.forward(self.avgpool.forward(x))

    def backward(self, dlogits: Array, *, input_grad: bool = True) -> Array | None:
        """dlogits: (B, classes). Adds to `grads`. Returns: dx, or None where it is not asked for"""
        dx = self.avgpool.backward(self.fc.backward(dlogits))  # (B, 4 width, H/4, W/4)
        for block in reversed([*self.layer1, *self.layer2, *self.layer3]):
            dx = block.backward(dx)  # ... (B, width, H, W)
        dx = self.bn1.backward(self.relu.backward(dx))
        self.conv1.backward_params(dx)
        return self.conv1.backward_input(dx) if input_grad else None


# --8<-- [end:cifar_model]

DEPTHS: dict[int, tuple[type[Block], tuple[int, int, int, int]]] = {  # Table 1
    18: (BasicBlock, (2, 2, 2, 2)),
    34: (BasicBlock, (3, 4, 6, 3)),
    50: (Bottleneck, (3, 4, 6, 3)),
    101: (Bottleneck, (3, 4, 23, 3)),
    152: (Bottleneck, (3, 8, 36, 3)),
}


# --8<-- [start:imagenet_model]
class ResNet(Module):
    """The networks of Table 1: 7x7 stem, max-pooling, four stages, global average pooling, classifier."""

    def __init__(
        self,
        depth: int,
        *,
        width: int = 64,
        classes: int = 1000,
        option: str = "B",
        layers: tuple[int, int, int, int] | None = None,
        rng: np.random.Generator,
        dtype: Any = np.float64,
    ) -> None:
        """layers: blocks per stage, where they are not the depth's own (for a smaller network of the same kind)."""
        super().__init__()
        if depth not in DEPTHS:
            raise ValueError(f"ResNet has no depth {depth}: choose one of {', '.join(map(str, DEPTHS))}")
        block, counts = DEPTHS[depth]
        self.conv1 = Conv2d(3, width, 7, stride=2, padding=3, bias=False, rng=rng, dtype=dtype)
        self.bn1 = BatchNorm2d(width, dtype=dtype)
        self.relu = ReLU()
        self.maxpool = MaxPool2d(3, 2, padding=1)
        channels = width
        for stage, count in enumerate(layers or counts):
            blocks = make_stage(block, channels, width << stage, count, 2 if stage else 1, option, rng, dtype)
            setattr(self, f"layer{stage + 1}", blocks)
            channels = (width << stage) * block.expansion
        self.avgpool = GlobalAvgPool()
        self.fc = Linear(channels, classes, rng=rng, dtype=dtype)
        init_he(self, rng)

    def blocks(self) -> list[Any]:
        return [block for stage in range(1, 5) for block in getattr(self, f"layer{stage}")]

    def forward(self, x: Array, training: bool = True) -> Array:
        """x: (B, 3, H, W), 224x224 in the paper. Returns: logits (B, classes)"""
        check_images("ResNet", x, 3, 32)  # five strides of 2
        x = self.relu.forward(self.bn1.forward(self.conv1.forward(x), training))  # (B, width, H/2, W/2)
        x = self.maxpool.forward(x)  # (B, width, H/4, W/4)
        for block in self.blocks():
            x = block.forward(x, training)  # ... (B, 8 width expansion, H/32, W/32)
        return self.fc.forward(self.avgpool.forward(x))

    def backward(self, dlogits: Array, *, input_grad: bool = True) -> Array | None:
        """dlogits: (B, classes). Adds to `grads`. Returns: dx, or None where it is not asked for"""
        dx = self.avgpool.backward(self.fc.backward(dlogits))  # (B, 8 width expansion, H/32, W/32)
        for block in reversed(self.blocks()):
            dx = block.backward(dx)  # ... (B, width, H/4, W/4)
        dx = self.bn1.backward(self.relu.backward(self.maxpool.backward(dx)))
        self.conv1.backward_params(dx)
        return self.conv1.backward_input(dx) if input_grad else None


# --8<-- [end:imagenet_model]
