"""A residual block with normalisation and ReLU before the convolutions (He, Zhang, Ren, Sun 2016, Identity Mappings)."""

import numpy as np
from activations_numpy import ReLU
from batchnorm_numpy import BatchNorm2d
from conv_numpy import Conv2d
from module_numpy import Module


class PreActBlock(Module):
    """y = x + F(x), F: normalisation, ReLU, 3x3 convolution, twice."""

    def __init__(self, channels: int, *, rng: np.random.Generator) -> None:
        super().__init__()
        self.bn1 = BatchNorm2d(channels)
        self.relu1 = ReLU()
        self.conv1 = Conv2d(channels, channels, 3, padding=1, bias=False, rng=rng)
        self.bn2 = BatchNorm2d(channels)
        self.relu2 = ReLU()
        self.conv2 = Conv2d(channels, channels, 3, padding=1, bias=False, rng=rng)

    def forward(self, x: np.ndarray, training: bool = True) -> np.ndarray:
        """x: (B, channels, H, W). Returns: the same shape"""
        y = self.conv1.forward(self.relu1.forward(self.bn1.forward(x, training)))
        y = self.conv2.forward(self.relu2.forward(self.bn2.forward(y, training)))
        return x + y

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """dy: (B, channels, H, W). Adds to `grads`. Returns: dx of the same shape"""
        d = self.bn2.backward(self.relu2.backward(self.conv2.backward(dy)))
        d = self.bn1.backward(self.relu1.backward(self.conv1.backward(d)))
        return dy + d  # nothing stands between the sum and dy
