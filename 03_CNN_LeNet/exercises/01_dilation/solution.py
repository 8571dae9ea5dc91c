"""Convolution with a dilated kernel, forward and backward.

B  batch    C, O  channels in, out    H, W  image    h, w  output image    k  kernel size
"""

import numpy as np


def output_size(size: int, k: int, stride: int, padding: int, dilation: int) -> int:
    """How many positions a dilated kernel has along a side of `size` pixels, with `padding` zeros added at both ends."""
    reach = dilation * (k - 1) + 1  # k taps have k - 1 gaps
    return (size + 2 * padding - reach) // stride + 1


def met_by(i: int, j: int, h: int, w: int, stride: int, dilation: int) -> tuple:
    """The pixels that tap (i, j) meets while the kernel goes over the image: an index into (B, C, H, W)."""
    top, left = dilation * i, dilation * j
    return (..., slice(top, top + stride * h, stride), slice(left, left + stride * w, stride))


def dilated_conv2d(
    x: np.ndarray, weight: np.ndarray, bias: np.ndarray, stride: int = 1, padding: int = 0, dilation: int = 1
) -> np.ndarray:
    """x: (B, C, H, W), weight: (O, C, k, k), bias: (O,). Returns: (B, O, h, w)"""
    B, C, H, W = x.shape
    out, _, k, _ = weight.shape
    h, w = (output_size(size, k, stride, padding, dilation) for size in (H, W))
    p = padding
    padded = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    y = np.zeros((B, out, h * w), dtype=x.dtype)
    for i in range(k):
        for j in range(k):
            met = padded[met_by(i, j, h, w, stride, dilation)]  # (B, C, h, w)
            y += weight[:, :, i, j] @ met.reshape(B, C, h * w)
    return y.reshape(B, out, h, w) + bias[:, None, None]


def dilated_conv2d_backward(
    dy: np.ndarray, x: np.ndarray, weight: np.ndarray, stride: int = 1, padding: int = 0, dilation: int = 1
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """dy: (B, O, h, w). Returns: dx (B, C, H, W), dweight (O, C, k, k), dbias (O,)"""
    B, C, H, W = x.shape
    out, _, k, _ = weight.shape
    h, w = dy.shape[2:]
    p = padding
    padded = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    dpadded, dweight = np.zeros_like(padded), np.zeros_like(weight)
    dy2d = dy.reshape(B, out, h * w)
    for i in range(k):
        for j in range(k):
            met = met_by(i, j, h, w, stride, dilation)
            columns = padded[met].reshape(B, C, h * w)
            dweight[:, :, i, j] = (dy2d @ columns.transpose(0, 2, 1)).sum(axis=0)  # dW = sum over images of dY X^T
            dpadded[met] += (weight[:, :, i, j].T @ dy2d).reshape(B, C, h, w)  # dX = W^T dY, summed where taps meet
    return dpadded[:, :, p : p + H, p : p + W], dweight, dy.sum(axis=(0, 2, 3))
