"""Transposed convolution, cropping and concatenation in NumPy, forward and backward: the way up of the U-Net.

Ronneberger, Fischer, Brox 2015, section 2 ("up-convolution", "concatenation with the correspondingly cropped feature map").
Derivations: `../theory.md`, sections 1 and 2.

    B  batch    C, O  channels in, out    h, w  image    H, W  output image    k  kernel size    s  stride    p  padding

Shapes are (B, C, h, w), and in memory the batch comes last, as in chapter 03.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from conv_numpy import check_images, col2im, im2col, to_batch_first, to_batch_last
from module_numpy import Module

Array = np.ndarray


# --8<-- [start:transposed_convolution]
class ConvTranspose2d(Module):
    """y[b, o, s i + m - p, s j + n - p] += weight[c, o, m, n] x[b, c, i, j]: every pixel stamps the kernel onto the output.

    It is the transpose of a convolution with the same weight: its forward pass is that one's gradient with respect to the
    input, and its gradient is that one's forward pass.

    Args:
        output_padding: rows and columns more at the bottom and right; a convolution with stride s maps s sizes to one,
            and this says which of them comes back.
        rng: draws the weight from N(0, 2 / N), N = C k^2 / s^2, the pixels that an output pixel sums over on average.

    Raises:
        ValueError: a size that makes no sense; an input that is no (B, C, h, w), has other channels, or is empty; an output
            of no pixels.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        *,
        stride: int = 1,
        padding: int = 0,
        output_padding: int = 0,
        rng: np.random.Generator,
        dtype: Any = np.float64,
    ) -> None:
        super().__init__()
        if min(in_channels, out_channels, kernel_size, stride) < 1 or padding < 0 or not 0 <= output_padding < stride:
            raise ValueError(
                "ConvTranspose2d needs channels, kernel_size and stride of at least 1, padding of at least 0 and "
                f"output_padding from 0 to stride - 1, got {in_channels} -> {out_channels}, kernel_size {kernel_size}, "
                f"stride {stride}, padding {padding}, output_padding {output_padding}"
            )
        self.in_channels, self.out_channels = in_channels, out_channels
        self.kernel_size, self.stride, self.padding, self.output_padding = kernel_size, stride, padding, output_padding
        # eq: up-initialisation
        sd = np.sqrt(2.0 * stride**2 / (in_channels * kernel_size**2))
        weight = sd * rng.normal(size=(in_channels, out_channels, kernel_size, kernel_size))
        self.weight = self.add_param("weight", weight.astype(dtype))  # (C, O, k, k), as in torch
        self.bias = self.add_param("bias", np.zeros(out_channels, dtype=dtype))

    def forward(self, x: Array) -> Array:
        """x: (B, C, h, w). Returns: (B, O, H, W), H = (h - 1) s - 2 p + k + output_padding"""
        check_images("ConvTranspose2d", x, self.in_channels, 1)
        k, s, p = self.kernel_size, self.stride, self.padding
        B, C, h, w = x.shape
        H, W = ((n - 1) * s + k + self.output_padding for n in (h, w))
        if min(H, W) <= 2 * p:
            raise ValueError(f"ConvTranspose2d got {x.shape}, of which padding {p} leaves no pixel")
        self.x2d = to_batch_last(x).reshape(C, -1)  # (C, h w B)
        # eq: transposed-forward
        cols = self.weight.reshape(C, -1).T @ self.x2d  # W^T X: (O k k, h w B)
        y = np.zeros((self.out_channels, H, W, B), dtype=cols.dtype)
        # eq: transposed-forward
        col2im(cols, y, k, s)  # stamps that overlap are added
        y = y[:, p : H - p, p : W - p] + self.bias[:, None, None, None]
        self.in_shape, self.shape = x.shape, (B, *y.shape[:3])
        return to_batch_first(y)

    def backward(self, dy: Array) -> Array:
        """dy: (B, O, H, W). Adds to `grads`. Returns: dx (B, C, h, w)"""
        if dy.shape != self.shape:
            raise ValueError(f"ConvTranspose2d.backward expected dy of shape {self.shape}, got {dy.shape}")
        k, s, p = self.kernel_size, self.stride, self.padding
        B, C, h, w = self.in_shape
        # eq: transposed-backward
        self.grads["bias"] += dy.sum(axis=(0, 2, 3))  # db = sum of dy over images and positions
        dy = np.pad(to_batch_last(dy), ((0, 0), (p, p), (p, p), (0, 0)))  # what was cut off had no effect
        dcols = im2col(dy, k, s)  # the patch that each pixel stamped: (O k k, h w B)
        # eq: transposed-backward
        self.grads["weight"] += (self.x2d @ dcols.T).reshape(self.weight.shape)  # dW = X dY^T
        # eq: transposed-backward
        dx = self.weight.reshape(C, -1) @ dcols  # dX = W dY, a convolution: (C, h w B)
        return to_batch_first(dx.reshape(C, h, w, B))


# --8<-- [end:transposed_convolution]


# --8<-- [start:crop]
class Crop(Module):
    """The middle of an image; of an odd rest, the larger part is cut off at the bottom and right."""

    def forward(self, x: Array, height: int, width: int) -> Array:
        """x: (B, C, H, W). Returns: (B, C, height, width), a view"""
        check_images("Crop", x, None, 1)
        H, W = x.shape[2:]
        if not (1 <= height <= H and 1 <= width <= W):
            raise ValueError(f"Crop cannot take {height} x {width} pixels out of {x.shape}")
        # eq: crop-middle
        self.top, self.left = (H - height) // 2, (W - width) // 2
        self.shape, self.size = x.shape, (height, width)
        return x[:, :, self.top : self.top + height, self.left : self.left + width]

    def backward(self, dy: Array) -> Array:
        """dy: (B, C, height, width). Returns: dx (B, C, H, W), zero where the image was cut off"""
        B, C, H, W = self.shape
        if dy.shape != (B, C, *self.size):
            raise ValueError(f"Crop.backward expected dy of shape {(B, C, *self.size)}, got {dy.shape}")
        (height, width), dx = self.size, np.zeros((C, H, W, B), dtype=dy.dtype)
        # eq: crop-backward
        dx[:, self.top : self.top + height, self.left : self.left + width] = dy.transpose(1, 2, 3, 0)
        return to_batch_first(dx)


# --8<-- [end:crop]


# --8<-- [start:concatenate]
class Concatenate(Module):
    """Two stacks of feature maps as one: the first one's channels, then the second one's."""

    def forward(self, a: Array, b: Array) -> Array:
        """a: (B, C, H, W), b: (B, D, H, W). Returns: (B, C + D, H, W)"""
        check_images("Concatenate", a, None, 1)
        check_images("Concatenate", b, None, 1)
        if a.shape[0] != b.shape[0] or a.shape[2:] != b.shape[2:]:
            raise ValueError(f"Concatenate expected two batches of images of one size, got {a.shape} and {b.shape}")
        self.channels, self.shape = a.shape[1], (len(a), a.shape[1] + b.shape[1], *a.shape[2:])
        # eq: skip-join
        return to_batch_first(np.concatenate([to_batch_last(a), to_batch_last(b)]))

    def backward(self, dy: Array) -> tuple[Array, Array]:
        """dy: (B, C + D, H, W). Returns: da (B, C, H, W), db (B, D, H, W), views of dy"""
        if dy.shape != self.shape:
            raise ValueError(f"Concatenate.backward expected dy of shape {self.shape}, got {dy.shape}")
        # eq: crop-backward
        return dy[:, : self.channels], dy[:, self.channels :]


# --8<-- [end:concatenate]
