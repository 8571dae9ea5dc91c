"""Convolution and pooling in NumPy, forward and backward, without a loop over batch or pixels.

LeCun, Bottou, Bengio, Haffner 1998, sections II-A and II-B. Derivations: `../theory.md`, sections 1 and 2.

    B  batch    C, O  channels in, out    H, W  image    h, w  output image    k  kernel size

Shapes are (B, C, H, W) everywhere, as in torch. In memory the batch comes last, (C, H, W, B): a shifted image is then a
few long runs of numbers and not B C h short ones, which makes copying patches about as fast as memory allows, and the
product with the weights gives (O, h, w, B), which is again that order. Element-wise functions keep the order they find, so
`to_batch_last` copies once, at the first layer. `code.md` explains why.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from mlp_numpy import glorot_uniform
from module_numpy import Module
from numpy.lib.stride_tricks import sliding_window_view

Array = np.ndarray

CACHE = 1 << 20  # bytes of columns that are worked on at once: about the size of one core's second-level cache


# --8<-- [start:layout]
def to_batch_last(x: Array) -> Array:
    """(B, C, H, W) -> (C, H, W, B), contiguous. Free of cost when x is a transposed (C, H, W, B) already."""
    return np.ascontiguousarray(x.transpose(1, 2, 3, 0))


def to_batch_first(x: Array) -> Array:
    """(C, H, W, B) -> (B, C, H, W): another view of the same memory."""
    return x.transpose(3, 0, 1, 2)


# --8<-- [end:layout]


# --8<-- [start:im2col]
def im2col(x: Array, k: int, stride: int) -> Array:
    """Every k x k patch of the images as a column. x: (C, H, W, B). Returns: (C k k, h w B)"""
    windows = sliding_window_view(x, (k, k), axis=(1, 2))[:, ::stride, ::stride]  # (C, h, w, B, k, k), a view
    return windows.transpose(0, 4, 5, 1, 2, 3).reshape(
        x.shape[0] * k * k, -1
    )  # the one copy; none where k = stride = 1


def col2im(dcols: Array, dx: Array, k: int, stride: int) -> None:
    """The gradient of `im2col`, added to dx: a pixel that lies in several patches gets the sum. dx: (C, H, W, B)"""
    C, H, W, B = dx.shape
    h, w = (H - k) // stride + 1, (W - k) // stride + 1
    dcols = dcols.reshape(C, k, k, h, w, B)
    for i in range(k):
        for j in range(k):
            # eq: col2im
            dx[:, i : i + stride * h : stride, j : j + stride * w : stride] += dcols[:, i, j]


# --8<-- [end:im2col]


# --8<-- [start:convolution]
class Conv2d(Module):
    """y[b, o, p, q] = bias[o] + sum over c, i, j of weight[o, c, i, j] x[b, c, s p + i, s q + j], x padded with zeros.

    One weight serves every position (section II-A, weight sharing), so its gradient is a sum over positions (equation 19).

    Args:
        rng: draws the initial weight (Glorot); the bias starts at zero.

    Raises:
        ValueError: a size that makes no sense; an input that is no (B, C, H, W), has other channels, is empty, or smaller
            than the kernel.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        *,
        stride: int = 1,
        padding: int = 0,
        bias: bool = True,
        rng: np.random.Generator,
        dtype: Any = np.float64,
    ) -> None:
        super().__init__()
        if min(in_channels, out_channels, kernel_size, stride) < 1 or padding < 0:
            raise ValueError(
                "Conv2d needs channels, kernel_size and stride of at least 1 and padding of at least 0, got "
                f"{in_channels} -> {out_channels}, kernel_size {kernel_size}, stride {stride}, padding {padding}"
            )
        self.in_channels, self.kernel_size, self.stride, self.padding = in_channels, kernel_size, stride, padding
        shape = (out_channels, in_channels, kernel_size, kernel_size)
        self.weight = self.add_param("weight", glorot_uniform(shape, rng=rng).astype(dtype))
        self.bias = self.add_param("bias", np.zeros(out_channels, dtype=dtype)) if bias else None

    def kernels(self) -> Array:
        """The weights as (O, C, k, k)."""
        return self.weight

    def add_kernel_grad(self, dkernels: Array) -> None:
        """dkernels: (O, C, k, k)"""
        self.grads["weight"] += dkernels

    def forward(self, x: Array) -> Array:
        """x: (B, C, H, W). Returns: (B, O, h, w), h = (H + 2 padding - k) // stride + 1"""
        k, s, p = self.kernel_size, self.stride, self.padding
        check_images(type(self).__name__, x, self.in_channels, k - 2 * p)
        x = to_batch_last(x)  # (C, H, W, B)
        if p:
            x = np.pad(x, ((0, 0), (p, p), (p, p), (0, 0)))  # (C, H + 2p, W + 2p, B)
        C, H, W, B = x.shape
        self.x = x
        self.w2d = self.kernels().reshape(-1, C * k * k)  # (O, C k k)
        self.shape = (len(self.w2d), (H - k) // s + 1, (W - k) // s + 1, B)
        y = np.empty((len(self.w2d), self.shape[1] * self.shape[2] * B), np.result_type(self.w2d, x))  # (O, h w B)
        for rows, columns in self.blocks():
            # eq: convolution-columns
            np.matmul(self.w2d, im2col(x[:, rows], k, s), out=y[:, columns])  # Y = W X
        if self.bias is not None:
            y += self.bias[:, None]
        return to_batch_first(y.reshape(self.shape))  # (B, O, h, w)

    def blocks(self) -> Iterator[tuple[slice, slice]]:
        """Blocks of output rows whose columns fit in the cache: they are multiplied before they leave it.

        Yields: the rows of the padded image that a block reads, and its columns among the h w B.
        """
        k, s = self.kernel_size, self.stride
        _, h, w, B = self.shape
        one_row = self.w2d.shape[1] * w * B * self.x.itemsize  # bytes
        step = h if k == 1 else max(1, CACHE // one_row)  # a 1x1 kernel copies nothing that could fall out of the cache
        for first in range(0, h, step):
            last = min(first + step, h)
            yield slice(s * first, s * (last - 1) + k), slice(first * w * B, last * w * B)

    def backward(self, dy: Array) -> Array:
        """dy: (B, O, h, w). Adds to `grads`. Returns: dx (B, C, H, W)"""
        self.backward_params(dy)
        return self.backward_input(dy)

    def backward_params(self, dy: Array) -> None:
        """Adds to `grads`. Alone it is for a first layer, whose dx nobody asks for."""
        dy2d = self._dy2d(dy)  # (O, h w B)
        dw = np.zeros((self.w2d.shape[1], len(dy2d)), dy2d.dtype)  # (C k k, O)
        for rows, columns in self.blocks():
            # unfolded anew: that is cheaper than fetching the columns of the forward pass from memory
            # eq: convolution-backward
            dw += im2col(self.x[:, rows], self.kernel_size, self.stride) @ dy2d[:, columns].T  # dW^T = X dY^T
        dw = dw.T  # (O, C k k)
        self.add_kernel_grad(dw.reshape(len(dw), -1, self.kernel_size, self.kernel_size))
        if self.bias is not None:
            # eq: convolution-backward
            self.grads["bias"] += dy2d.sum(axis=1)  # db = sum of dY over images and positions

    def backward_input(self, dy: Array) -> Array:
        """Returns: dx (B, C, H, W)"""
        dy2d, k, s, p = self._dy2d(dy), self.kernel_size, self.stride, self.padding
        if k == s == 1:  # a pixel is its own column
            # eq: convolution-backward
            dx = (self.w2d.T @ dy2d).reshape(self.x.shape)  # dX = W^T dY
        else:
            dx = np.zeros(self.x.shape, dtype=dy.dtype)  # (C, H + 2p, W + 2p, B)
            for rows, columns in self.blocks():
                # eq: convolution-backward
                col2im(self.w2d.T @ dy2d[:, columns], dx[:, rows], k, s)
        return to_batch_first(dx[:, p:-p, p:-p] if p else dx)

    def _dy2d(self, dy: Array) -> Array:
        expected = (self.shape[3], *self.shape[:3])
        if dy.shape != expected:
            raise ValueError(f"{type(self).__name__}.backward expected dy of shape {expected}, got {dy.shape}")
        return to_batch_last(dy).reshape(len(self.w2d), -1)  # (O, h w B)


# --8<-- [end:convolution]


class _Pool2d(Module):
    """A function of every k x k window; `windows` gives the k^2 shifted images, in the order of a page."""

    def __init__(self, kernel_size: int, stride: int | None = None, padding: int = 0) -> None:
        super().__init__()
        self.kernel_size, self.stride, self.padding = kernel_size, stride or kernel_size, padding
        if kernel_size < 1 or self.stride < 1 or not 0 <= 2 * padding <= kernel_size:
            raise ValueError(
                f"{type(self).__name__} needs kernel_size and stride of at least 1 and padding of at most half of the "
                f"kernel, got kernel_size {kernel_size}, stride {stride}, padding {padding}"
            )
        self.shape: tuple[int, ...] = ()  # of the output

    def windows(self, x: Array) -> list[Array]:
        """x: (C, H, W, B). Returns: k^2 views (C, h, w, B), the [i, j]-th pixel of every window for each i, j"""
        k, s = self.kernel_size, self.stride
        h, w = (x.shape[1] - k) // s + 1, (x.shape[2] - k) // s + 1
        return [x[:, i : i + s * h : s, j : j + s * w : s] for i in range(k) for j in range(k)]

    def padded(self, x: Array, value: float) -> Array:
        """x: (B, C, H, W). Returns: (C, H + 2p, W + 2p, B)"""
        check_images(type(self).__name__, x, None, self.kernel_size - 2 * self.padding)
        p = self.padding
        x = to_batch_last(x)
        x = np.pad(x, ((0, 0), (p, p), (p, p), (0, 0)), constant_values=value) if p else x
        self.padded_shape = x.shape
        return x

    def unpadded(self, dx: Array) -> Array:
        p = self.padding
        return to_batch_first(dx[:, p:-p, p:-p] if p else dx)

    def checked(self, dy: Array) -> Array:
        """dy: (B, C, h, w). Returns: (C, h, w, B)"""
        if dy.shape != self.shape:
            raise ValueError(f"{type(self).__name__}.backward expected dy of shape {self.shape}, got {dy.shape}")
        return dy.transpose(1, 2, 3, 0)


# --8<-- [start:max_pooling]
class MaxPool2d(_Pool2d):
    """The largest value of every window. Of equal ones the first counts, row by row, as in torch: its input gets dy.

    NaN counts as larger than any number, and of several NaN the last counts.
    """

    def forward(self, x: Array) -> Array:
        """x: (B, C, H, W). Returns: (B, C, h, w)"""
        x = self.padded(x, -np.inf)  # (C, H + 2p, W + 2p, B)
        has_nan = np.isnan(x.max())
        first, *others = self.windows(x)  # k^2 views (C, h, w, B)
        best = first.copy()
        self.winner = np.zeros(best.shape, dtype=np.int16)  # which of the k^2 pixels it is
        for n, candidate in enumerate(others, start=1):
            better = candidate > best  # not >=: an equal value does not replace the first
            if has_nan:
                better |= np.isnan(candidate)  # every comparison with NaN is false
            np.copyto(best, candidate, where=better)
            self.winner[better] = n
        y = to_batch_first(best)
        self.shape = y.shape
        return y

    def backward(self, dy: Array) -> Array:
        """dy: (B, C, h, w). Returns: dx (B, C, H, W)"""
        dy = self.checked(dy)  # (C, h, w, B)
        dx = np.zeros(self.padded_shape, dtype=dy.dtype)  # (C, H + 2p, W + 2p, B)
        for n, window in enumerate(self.windows(dx)):
            # eq: max-pooling-backward
            window += dy * (self.winner == n)  # dx = dy at the winner, 0 elsewhere; windows may overlap
        return self.unpadded(dx)


# --8<-- [end:max_pooling]


# --8<-- [start:average_pooling]
class AvgPool2d(_Pool2d):
    """The mean of every window; zeros of the padding count, as is torch's default."""

    def forward(self, x: Array) -> Array:
        """x: (B, C, H, W). Returns: (B, C, h, w)"""
        x = self.padded(x, 0.0)  # (C, H + 2p, W + 2p, B)
        first, *others = self.windows(x)  # k^2 views (C, h, w, B)
        total = first.copy()
        for other in others:
            total += other
        total /= self.kernel_size**2  # y = sum of the window / k^2
        y = to_batch_first(total)
        self.shape = y.shape
        return y

    def backward(self, dy: Array) -> Array:
        """dy: (B, C, h, w). Returns: dx (B, C, H, W)"""
        share = self.checked(dy) / self.kernel_size**2  # (C, h, w, B)
        dx = np.zeros(self.padded_shape, dtype=dy.dtype)  # (C, H + 2p, W + 2p, B)
        for window in self.windows(dx):
            # eq: average-pooling-backward
            window += share  # dx = dy / k^2 for each pixel of the window
        return self.unpadded(dx)


# --8<-- [end:average_pooling]


def check_images(layer: str, x: Array, channels: int | None, smallest: int) -> None:
    """Refuse what is no non-empty batch of images with those channels, at least `smallest` pixels high and wide."""
    wanted = "C" if channels is None else channels
    if x.ndim != 4 or channels not in (None, x.shape[1]):
        said = "" if channels is None else f" with {channels} channel{'s' if channels > 1 else ''}"
        raise ValueError(f"{layer} expected (B, {wanted}, H, W){said}, got {x.shape}")
    if x.size == 0:
        raise ValueError(f"{layer} got an empty batch of shape {x.shape}; it needs at least one image")
    if min(x.shape[2:]) < smallest:
        raise ValueError(f"{layer} expected images of at least {smallest} x {smallest} pixels, got {x.shape}")
