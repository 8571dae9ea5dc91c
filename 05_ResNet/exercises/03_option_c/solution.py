"""A basic block that projects on its shortcut, always (option C of section 3.3)."""

from typing import Any

import numpy as np
from activations_numpy import ReLU
from batchnorm_numpy import BatchNorm2d
from conv_numpy import Conv2d
from module_numpy import Module


class BlockC(Module):
    """ReLU(F(x) + BN(W_s x)), F: 3x3 convolution, normalisation, ReLU, 3x3 convolution, normalisation."""

    def __init__(self, in_channels: int, channels: int, stride: int, *, rng: np.random.Generator) -> None:
        super().__init__()
        self.conv1 = Conv2d(in_channels, channels, 3, stride=stride, padding=1, bias=False, rng=rng)
        self.bn1 = BatchNorm2d(channels)
        self.relu1 = ReLU()
        self.conv2 = Conv2d(channels, channels, 3, padding=1, bias=False, rng=rng)
        self.bn2 = BatchNorm2d(channels)
        self.shortcut_conv: Any = Conv2d(in_channels, channels, 1, stride=stride, bias=False, rng=rng)
        self.shortcut_bn = BatchNorm2d(channels)
        self.relu_out = ReLU()

    def forward(self, x: np.ndarray, training: bool = True) -> np.ndarray:
        """x: (B, in_channels, H, W). Returns: (B, channels, h, w)"""
        y = self.relu1.forward(self.bn1.forward(self.conv1.forward(x), training))
        y = self.bn2.forward(self.conv2.forward(y), training)
        return self.relu_out.forward(y + self.shortcut_bn.forward(self.shortcut_conv.forward(x), training))

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """dy: (B, channels, h, w). Adds to `grads`. Returns: dx (B, in_channels, H, W)"""
        dy = self.relu_out.backward(dy)
        dbranch = self.conv2.backward(self.bn2.backward(dy))
        dbranch = self.conv1.backward(self.bn1.backward(self.relu1.backward(dbranch)))
        dshortcut = self.shortcut_conv.backward(self.shortcut_bn.backward(dy))
        return dbranch + dshortcut  # x is used twice


def extra_parameters(n: int, width: int = 16) -> int:
    """Parameters that option C adds to the CIFAR-10 network of depth 6n + 2 with option A."""
    total, channels = 0, width
    for out in (width, 2 * width, 4 * width):
        for _ in range(n):
            total += channels * out + 2 * out  # a 1x1 kernel, and two numbers a channel for the normalisation
            channels = out
    return total
