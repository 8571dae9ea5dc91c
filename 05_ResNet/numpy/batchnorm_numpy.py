"""Batch normalisation and global average pooling in NumPy, forward and backward.

Ioffe, Szegedy 2015 (Algorithm 1 and section 3). Derivations: `../theory.md`, sections 3 and 4.

    B  batch    C  channels    H, W  image    n = B H W, the values of a channel

As in chapter 03 shapes are (B, C, H, W), and in memory the batch comes last: a channel is then one row of n numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from conv_numpy import check_images, to_batch_first, to_batch_last
from module_numpy import Module

Array = np.ndarray


# --8<-- [start:batch_norm]
class BatchNorm2d(Module):
    """y = weight (x - mean) / sqrt(var + eps) + bias, for each channel.

    Training: mean and variance of the batch; the running ones move towards them by `momentum`. Evaluation: the running
    ones, which are constants. The batch is normalised by its biased variance (divided by n), and the running variance
    collects the unbiased one (divided by n - 1), as torch has it.

    Raises:
        ValueError: an input that is no (B, C, H, W) or has other channels; in training, one value per channel.
    """

    def __init__(self, channels: int, *, eps: float = 1e-5, momentum: float = 0.1, dtype: Any = np.float64) -> None:
        super().__init__()
        if channels < 1:
            raise ValueError(f"BatchNorm2d needs at least one channel, got {channels}")
        self.channels, self.eps, self.momentum = channels, eps, momentum
        self.weight = self.add_param("weight", np.ones(channels, dtype=dtype))
        self.bias = self.add_param("bias", np.zeros(channels, dtype=dtype))
        self.running_mean = self.add_buffer("running_mean", np.zeros(channels, dtype=dtype))
        self.running_var = self.add_buffer("running_var", np.ones(channels, dtype=dtype))
        self.batches_seen = self.add_buffer("num_batches_tracked", np.zeros((), dtype=np.int64))

    def forward(self, x: Array, training: bool = True) -> Array:
        """x: (B, C, H, W). Returns: the same shape"""
        check_images("BatchNorm2d", x, self.channels, 1)
        B, C, H, W = x.shape
        n = B * H * W
        if training and n == 1:
            raise ValueError(
                f"BatchNorm2d in training needs more than one value per channel, got {x.shape}: the variance of a single "
                "value is zero. Use a larger batch or image, or evaluation mode"
            )
        rows = to_batch_last(x).reshape(C, n)
        if training:
            # eq: batch-norm
            mean = rows.mean(axis=1)  # (C,)
            centred = rows - mean[:, None]  # (C, n)
            # eq: batch-norm
            var = np.einsum("cn,cn->c", centred, centred) / n  # (C,), biased: divided by n
            # eq: running-statistics
            unbiased = var * (n / (n - 1))
            # eq: running-statistics
            self.running_mean[...] = (1.0 - self.momentum) * self.running_mean + self.momentum * mean
            # eq: running-statistics
            self.running_var[...] = (1.0 - self.momentum) * self.running_var + self.momentum * unbiased
            self.batches_seen[...] += 1
        else:
            centred = rows - self.running_mean[:, None]
            var = self.running_var
        # eq: batch-norm
        self.inv_std = 1.0 / np.sqrt(var + self.eps)  # (C,)
        # eq: batch-norm
        centred *= self.inv_std[:, None]
        self.x_hat = centred  # x^ = (x - mean) / sqrt(var + eps): (C, n)
        # eq: batch-norm
        y = self.weight[:, None] * self.x_hat
        # eq: batch-norm
        y += self.bias[:, None]
        self.shape, self.training = x.shape, training
        return to_batch_first(y.reshape(C, H, W, B))

    def backward(self, dy: Array) -> Array:
        """dy: (B, C, H, W). Adds to `grads`. Returns: dx (B, C, H, W)"""
        if dy.shape != self.shape:
            raise ValueError(f"BatchNorm2d.backward expected dy of shape {self.shape}, got {dy.shape}")
        B, C, H, W = dy.shape
        n = B * H * W
        dy = to_batch_last(dy).reshape(C, n)
        # eq: batch-norm-parameters
        dbias = dy.sum(axis=1)  # db = sum of dy: (C,)
        # eq: batch-norm-parameters
        dweight = np.einsum("cn,cn->c", dy, self.x_hat)  # dw = sum of dy x^: (C,)
        self.grads["bias"] += dbias
        self.grads["weight"] += dweight
        scale = (self.weight * self.inv_std)[:, None]  # w / sigma: (C, 1)
        if self.training:  # dx = w / sigma (dy - mean(dy) - x^ mean(dy x^)): mean and variance depend on x too
            # eq: batch-norm-backward
            dx = self.x_hat * (-dweight / n)[:, None]
            # eq: batch-norm-backward
            dx += dy
            # eq: batch-norm-backward
            dx -= (dbias / n)[:, None]
            # eq: batch-norm-backward
            dx *= scale
        else:
            # eq: batch-norm-evaluation
            dx = scale * dy  # dx = w / sigma dy: mean and variance are constants
        return to_batch_first(dx.reshape(C, H, W, B))


# --8<-- [end:batch_norm]


# --8<-- [start:global_pooling]
class GlobalAvgPool(Module):
    """The mean of every feature map: (B, C, H, W) -> (B, C). It has no weights, and takes any image size."""

    def forward(self, x: Array) -> Array:
        """x: (B, C, H, W). Returns: (B, C)"""
        check_images("GlobalAvgPool", x, None, 1)
        self.shape = x.shape
        return x.mean(axis=(2, 3))  # (B, C, H, W) -> (B, C)

    def backward(self, dy: Array) -> Array:
        """dy: (B, C). Returns: dx (B, C, H, W)"""
        B, C, H, W = self.shape
        if dy.shape != (B, C):
            raise ValueError(f"GlobalAvgPool.backward expected dy of shape {(B, C)}, got {dy.shape}")
        dx = np.empty((C, H, W, B), dtype=dy.dtype)
        # eq: global-pooling-backward
        dx[...] = (dy.T / (H * W))[:, None, None, :]  # dx = dy / (H W), the same for every pixel
        return to_batch_first(dx)


# --8<-- [end:global_pooling]
