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
        raise NotImplementedError("BlockC.forward")

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """dy: (B, channels, h, w). Adds to `grads`. Returns: dx (B, in_channels, H, W)"""
        raise NotImplementedError("BlockC.backward")


def extra_parameters(n: int, width: int = 16) -> int:
    """Parameters that option C adds to the CIFAR-10 network of depth 6n + 2 with option A."""
    raise NotImplementedError("extra_parameters")
