"""Convolution with a dilated kernel, forward and backward.

B  batch    C, O  channels in, out    H, W  image    h, w  output image    k  kernel size
"""

import numpy as np


def output_size(size: int, k: int, stride: int, padding: int, dilation: int) -> int:
    """How many positions a dilated kernel has along a side of `size` pixels, with `padding` zeros added at both ends."""
    raise NotImplementedError("output_size")


def dilated_conv2d(
    x: np.ndarray, weight: np.ndarray, bias: np.ndarray, stride: int = 1, padding: int = 0, dilation: int = 1
) -> np.ndarray:
    """x: (B, C, H, W), weight: (O, C, k, k), bias: (O,). Returns: (B, O, h, w)"""
    raise NotImplementedError("dilated_conv2d")


def dilated_conv2d_backward(
    dy: np.ndarray, x: np.ndarray, weight: np.ndarray, stride: int = 1, padding: int = 0, dilation: int = 1
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """dy: (B, O, h, w). Returns: dx (B, C, H, W), dweight (O, C, k, k), dbias (O,)"""
    raise NotImplementedError("dilated_conv2d_backward")
