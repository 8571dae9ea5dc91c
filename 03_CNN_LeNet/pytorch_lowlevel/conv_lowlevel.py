"""Convolution and pooling on tensors, by unfolding: every window becomes a column. Autograd finds the gradients.

No `torch.nn`, and no convolution or pooling of `torch.nn.functional`: this is the chapter that writes them out.

Shapes are (B, C, H, W); in memory the batch comes last, as at the NumPy level and for the same reason.
"""

from __future__ import annotations

import torch
from torch import Tensor


# --8<-- [start:layout]
def to_batch_last(x: Tensor) -> Tensor:
    """(B, C, H, W) -> (C, H, W, B), contiguous. Free of cost when x is a transposed (C, H, W, B) already."""
    return x.permute(1, 2, 3, 0).contiguous()


def to_batch_first(x: Tensor) -> Tensor:
    """(C, H, W, B) -> (B, C, H, W): another view of the same memory."""
    return x.permute(3, 0, 1, 2)


# --8<-- [end:layout]


# --8<-- [start:im2col]
def unfold(x: Tensor, k: int, stride: int) -> Tensor:
    """Every k x k window of the images. x: (C, H, W, B). Returns: (C, k, k, h, w, B)

    First across, then down: 2 k shifted copies and not k^2, so that autograd has 2 k slices to add up on the way back.
    `Tensor.unfold` gives the same values as a view, but its gradient is summed number by number, which is slower here.
    """
    h, w = (x.shape[1] - k) // stride + 1, (x.shape[2] - k) // stride + 1
    x = torch.stack([x[:, :, j : j + stride * w : stride] for j in range(k)], dim=1)  # (C, k, H, w, B)
    return torch.stack([x[:, :, i : i + stride * h : stride] for i in range(k)], dim=1)  # (C, k, k, h, w, B)


def pad(x: Tensor, padding: int, value: float = 0.0) -> Tensor:
    """x: (C, H, W, B). Returns: (C, H + 2 padding, W + 2 padding, B)"""
    if padding == 0:
        return x
    C, H, W, B = x.shape
    padded = x.new_full((C, H + 2 * padding, W + 2 * padding, B), value)
    padded[:, padding : padding + H, padding : padding + W] = x
    return padded


# --8<-- [end:im2col]


# --8<-- [start:convolution]
def conv2d(x: Tensor, weight: Tensor, bias: Tensor | None = None, stride: int = 1, padding: int = 0) -> Tensor:
    """y[b, o, p, q] = bias[o] + sum over c, i, j of weight[o, c, i, j] x[b, c, s p + i, s q + j].

    Written as columns, the input becomes k^2 times as large. With few output maps it is cheaper to unfold down only, to
    multiply for every column offset j, and to add up the k results afterwards: the same sum, in another order.

    x: (B, C, H, W), weight: (O, C, k, k), bias: (O,). Returns: (B, O, h, w)
    """
    out, C, k, _ = weight.shape
    check_images("conv2d", x, C, k - 2 * padding)
    x = pad(to_batch_last(x), padding)  # (C, H, W, B)
    y = unfold_then_multiply(x, weight, stride) if out >= C * k else multiply_then_add(x, weight, stride)
    return to_batch_first(y if bias is None else y + bias[:, None, None, None])


def unfold_then_multiply(x: Tensor, weight: Tensor, stride: int) -> Tensor:
    """x: (C, H, W, B), weight: (O, C, k, k). Returns: (O, h, w, B)"""
    windows = unfold(x, weight.shape[2], stride)  # (C, k, k, h, w, B)
    # eq: convolution-columns
    y = weight.flatten(1) @ windows.flatten(0, 2).flatten(1)  # (O, C k k) @ (C k k, h w B)
    return y.view(-1, *windows.shape[3:])


def multiply_then_add(x: Tensor, weight: Tensor, stride: int) -> Tensor:
    """x: (C, H, W, B), weight: (O, C, k, k). Returns: (O, h, w, B)"""
    out, C, k, _ = weight.shape
    _, H, W, B = x.shape
    h, w = (H - k) // stride + 1, (W - k) // stride + 1
    rows = torch.stack([x[:, i : i + stride * h : stride] for i in range(k)], 1)  # (C, k, h, W, B)
    z = weight.permute(3, 0, 1, 2).reshape(k * out, C * k) @ rows.view(C * k, h * W * B)  # (k O, h W B)
    z = z.view(k, out, h, W, B)  # z[j, o, p, x]: what pixel x of row p contributes through column j of the kernel
    j, o, p, q, b = z.stride()
    shifted = z.as_strided((k, out, h, w, B), (j + q, o, p, stride * q, b))  # a view: z[j, o, p, s q + j]
    return shifted.sum(dim=0)  # y[o, p, q] = sum over j of z[j, o, p, s q + j]


# --8<-- [end:convolution]


# --8<-- [start:max_pooling]
def max_pool2d(x: Tensor, kernel_size: int, stride: int | None = None, padding: int = 0) -> Tensor:
    """The largest value of every window; of equal ones the first, row by row, gets the gradient.

    `max` along an axis picks one value and sends the gradient to it; `amax` would share it among equal values. NaN counts as
    larger than any number, and of several NaN the last gets the gradient, as in torch.

    x: (B, C, H, W). Returns: (B, C, h, w)
    """
    k = kernel_size
    check_images("max_pool2d", x, None, k - 2 * padding)
    x = pad(to_batch_last(x), padding, float("-inf"))  # (C, H + 2 padding, W + 2 padding, B)
    if stride in (None, k):  # windows that do not overlap are the same numbers in another order
        h, w = x.shape[1] // k, x.shape[2] // k
        windows = x[:, : h * k, : w * k].unflatten(1, (h, k)).unflatten(3, (w, k)).permute(2, 4, 0, 1, 3, 5)
    else:
        windows = unfold(x, k, stride).permute(1, 2, 0, 3, 4, 5)
    windows = windows.flatten(0, 1)  # (k, k, C, h, w, B) -> (k k, C, h, w, B)
    # eq: max-pooling-backward
    y = windows.max(dim=0).values
    if y.isnan().any():
        y = torch.where(y.isnan(), windows.flip(0).max(dim=0).values, y)  # `max` picks the first NaN
    return to_batch_first(y)


# --8<-- [end:max_pooling]


# --8<-- [start:average_pooling]
def avg_pool2d(x: Tensor, kernel_size: int, stride: int | None = None, padding: int = 0) -> Tensor:
    """The mean of every window; zeros of the padding count. x: (B, C, H, W). Returns: (B, C, h, w)"""
    check_images("avg_pool2d", x, None, kernel_size - 2 * padding)
    windows = unfold(pad(to_batch_last(x), padding), kernel_size, stride or kernel_size)  # (C, k, k, h, w, B)
    # eq: average-pooling-backward
    return to_batch_first(windows.mean(dim=(1, 2)))


# --8<-- [end:average_pooling]


def check_images(operation: str, x: Tensor, channels: int | None, smallest: int) -> None:
    """Refuse what is no non-empty batch of images with those channels, at least `smallest` pixels high and wide."""
    shape = tuple(x.shape)
    if x.ndim != 4 or channels not in (None, shape[1]) or x.numel() == 0 or min(shape[2:]) < smallest:
        wanted = "C" if channels is None else channels
        raise ValueError(
            f"{operation} expected a non-empty (B, {wanted}, H, W) with H and W of at least {smallest}, got {shape}"
        )
