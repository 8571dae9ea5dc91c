"""Deep residual networks as modules.

He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition, CVPR 2016: section 3.2 (equations 1 and 2), section 3.3
(plain and residual networks, shortcut options A and B), Table 1 (ImageNet), section 4.2 (CIFAR-10). Initialisation: He,
Zhang, Ren, Sun 2015, equation 10. Parameter names are those of torchvision and timm.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional as F


# --8<-- [start:shortcut]
class PadShortcut(nn.Module):
    """Option A: every second pixel, and channels of zeros, half of them on each side. No parameters (section 3.3)."""

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.before = (out_channels - in_channels) // 2
        self.after = out_channels - in_channels - self.before
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, C, H, W). Returns: (B, out_channels, h, w)"""
        # eq: option-a
        return F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.before, self.after))


def make_shortcut(option: str, in_channels: int, out_channels: int, stride: int) -> nn.Module | None:
    """What stands on the shortcut where the shape changes; None where it does not, and in a plain network."""
    if option not in ("A", "B", "none"):
        raise ValueError(f"unknown shortcut option {option!r}: A (zero padding), B (projection), none (plain network)")
    if option == "none" or (stride == 1 and in_channels == out_channels):
        return None
    if option == "A":
        return PadShortcut(in_channels, out_channels, stride)
    # option B: W_s of equation 2
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 1, stride=stride, bias=False), nn.BatchNorm2d(out_channels)
    )


# --8<-- [end:shortcut]


# --8<-- [start:block]
class Block(nn.Module, ABC):
    """y = ReLU(F(x) + shortcut(x)) (equations 1 and 2); a plain network has y = ReLU(F(x))."""

    expansion = 1  # output channels for each of `channels`
    downsample: nn.Module | None

    @abstractmethod
    def branch(self, x: Tensor) -> Tensor:
        """F(x), up to its last batch normalisation."""

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, C, H, W). Returns: (B, expansion * channels, h, w)"""
        y = self.branch(x)
        if self.residual:
            # eq: residual-block
            y = y + (x if self.downsample is None else self.downsample(x))
        return F.relu(y)


class BasicBlock(Block):
    """F: 3x3 convolution, normalisation, ReLU, 3x3 convolution, normalisation (figure 5, left)."""

    def __init__(self, in_channels: int, channels: int, stride: int = 1, *, option: str = "B") -> None:
        super().__init__()
        self.residual = option != "none"
        self.conv1 = nn.Conv2d(in_channels, channels, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.downsample = make_shortcut(option, in_channels, channels, stride)

    def branch(self, x: Tensor) -> Tensor:
        x = F.relu(self.bn1(self.conv1(x)))  # (B, channels, h, w)
        return self.bn2(self.conv2(x))  # (B, channels, h, w)


class Bottleneck(Block):
    """F: 1x1 down to `channels`, 3x3, 1x1 up to four times as many (figure 5, right); the stride is on the 3x3."""

    expansion = 4

    def __init__(self, in_channels: int, channels: int, stride: int = 1, *, option: str = "B") -> None:
        super().__init__()
        self.residual = option != "none"
        out = channels * self.expansion
        self.conv1 = nn.Conv2d(in_channels, channels, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.conv3 = nn.Conv2d(channels, out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out)
        self.downsample = make_shortcut(option, in_channels, out, stride)

    def branch(self, x: Tensor) -> Tensor:
        x = F.relu(self.bn1(self.conv1(x)))  # (B, channels, H, W)
        x = F.relu(self.bn2(self.conv2(x)))  # (B, channels, h, w)
        return self.bn3(self.conv3(x))  # (B, 4 channels, h, w)


# --8<-- [end:block]


def make_stage(
    block: type[BasicBlock] | type[Bottleneck], in_channels: int, channels: int, count: int, stride: int, option: str
) -> nn.Sequential:
    """`count` blocks, the first with the stride and the change of channels."""
    sizes = [(in_channels, stride), *[(channels * block.expansion, 1)] * (count - 1)]
    return nn.Sequential(*(block(c, channels, s, option=option) for c, s in sizes))


class GlobalAvgPool(nn.Module):
    """The mean of every feature map: (B, C, H, W) -> (B, C)."""

    def forward(self, x: Tensor) -> Tensor:
        return x.mean(dim=(2, 3))


# --8<-- [start:cifar_model]
class CifarResNet(nn.Module):
    """The network of section 4.2: depth 6n + 2, three stages of n basic blocks at 32x32, 16x16 and 8x8.

    Args:
        depth: 20, 32, 44, 56, 110, or any other 6n + 2.
        width: channels of the first stage (16); the others have twice and four times as many.
        option: "A", the paper's; "B"; or "none" for the plain network of the same depth.
    """

    def __init__(
        self, depth: int, *, width: int = 16, in_channels: int = 3, classes: int = 10, option: str = "A"
    ) -> None:
        super().__init__()
        n, rest = divmod(depth - 2, 6)
        if rest or n < 1:
            raise ValueError(f"a CIFAR ResNet has depth 6n + 2 (8, 14, 20, 26, 32, ..., 56, ..., 110), got {depth}")
        self.conv1 = nn.Conv2d(in_channels, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.layer1 = make_stage(BasicBlock, width, width, n, 1, option)
        self.layer2 = make_stage(BasicBlock, width, 2 * width, n, 2, option)
        self.layer3 = make_stage(BasicBlock, 2 * width, 4 * width, n, 2, option)
        self.avgpool = GlobalAvgPool()
        self.fc = nn.Linear(4 * width, classes)

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, 3, H, W), 32x32 in the paper. Returns: logits (B, classes)"""
        check_images("CifarResNet", x, self.conv1.in_channels, 4)  # two strides of 2
        x = F.relu(self.bn1(self.conv1(x)))  # (B, width, H, W)
        x = self.layer3(self.layer2(self.layer1(x)))  # (B, 4 width, H/4, W/4)
        return self.fc(self.avgpool(x))


# --8<-- [end:cifar_model]

DEPTHS: dict[int, tuple[type[BasicBlock] | type[Bottleneck], tuple[int, int, int, int]]] = {  # Table 1
    18: (BasicBlock, (2, 2, 2, 2)),
    34: (BasicBlock, (3, 4, 6, 3)),
    50: (Bottleneck, (3, 4, 6, 3)),
    101: (Bottleneck, (3, 4, 23, 3)),
    152: (Bottleneck, (3, 8, 36, 3)),
}


# --8<-- [start:imagenet_model]
class ResNet(nn.Module):
    """The networks of Table 1: 7x7 stem, max-pooling, four stages, global average pooling, classifier.

    Args:
        depth: 18, 34 (basic blocks), 50, 101 or 152 (bottlenecks).
        option: "B", as in torchvision and timm; "A"; or "none" for the plain network.
        layers: blocks per stage, where they are not the depth's own (for a smaller network of the same kind).
    """

    def __init__(
        self,
        depth: int,
        *,
        width: int = 64,
        classes: int = 1000,
        option: str = "B",
        layers: tuple[int, int, int, int] | None = None,
    ) -> None:
        super().__init__()
        if depth not in DEPTHS:
            raise ValueError(f"ResNet has no depth {depth}: choose one of {', '.join(map(str, DEPTHS))}")
        block, counts = DEPTHS[depth]
        counts, e = layers or counts, block.expansion
        self.conv1 = nn.Conv2d(3, width, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.maxpool = nn.MaxPool2d(3, 2, padding=1)
        self.layer1 = make_stage(block, width, width, counts[0], 1, option)
        self.layer2 = make_stage(block, width * e, 2 * width, counts[1], 2, option)
        self.layer3 = make_stage(block, 2 * width * e, 4 * width, counts[2], 2, option)
        self.layer4 = make_stage(block, 4 * width * e, 8 * width, counts[3], 2, option)
        self.avgpool = GlobalAvgPool()
        self.fc = nn.Linear(8 * width * e, classes)

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, 3, H, W), 224x224 in the paper. Returns: logits (B, classes)"""
        check_images("ResNet", x, 3, 32)  # five strides of 2
        x = self.maxpool(F.relu(self.bn1(self.conv1(x))))  # (B, width, H/4, W/4)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))  # (B, 8 width expansion, H/32, W/32)
        return self.fc(self.avgpool(x))


# --8<-- [end:imagenet_model]


def check_images(name: str, x: Tensor, channels: int, smallest: int) -> None:
    """Refuse what is no (B, channels, H, W) with at least one value per channel after the last stride."""
    if x.ndim != 4 or x.shape[1] != channels or x.numel() == 0 or min(x.shape[2:]) < smallest:
        raise ValueError(
            f"{name} expected a non-empty (B, {channels}, H, W) with H and W of at least {smallest}, got {tuple(x.shape)}"
        )


# --8<-- [start:init]
def init_resnet(model: nn.Module, generator: torch.Generator) -> None:
    """Every convolution and the classifier from N(0, 2 / fan_in) (He et al. 2015, equation 10); biases 0, scales 1."""
    for p in model.parameters():
        if p.ndim > 1:
            # eq: he-initialisation
            nn.init.kaiming_normal_(p, mode="fan_in", nonlinearity="relu", generator=generator)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_parameters()
        elif isinstance(module, nn.Linear):
            nn.init.zeros_(module.bias)


# --8<-- [end:init]
