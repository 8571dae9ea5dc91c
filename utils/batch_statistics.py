"""Batch normalisation over the batch of all processes: each has a part of it, the statistics are those of the whole.

torch's own `nn.SyncBatchNorm` does so on GPUs alone.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.nn.modules.batchnorm import _BatchNorm


class SumOverProcesses(torch.autograd.Function):
    """The sum of every process's tensor, in each of them; backwards, the sum of every process's gradient."""

    @staticmethod
    def forward(ctx: Any, part: Tensor) -> Tensor:
        whole = part.clone()
        distributed.all_reduce(whole)
        return whole

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Tensor:
        return SumOverProcesses.forward(ctx, grads[0])


class TogetherBatchNorm(_BatchNorm):
    """y = (x - mean) / sqrt(var + eps) * weight + bias in training, mean and var over the parts of all processes.

    In evaluation it is what it is made from. Parts may differ in size.
    """

    def _check_input_dim(self, input: Tensor) -> None:
        if input.ndim < 2:
            raise ValueError(f"batch normalisation expected (B, C, ...), got {tuple(input.shape)}")

    def forward(self, input: Tensor) -> Tensor:
        """input: (B, C, ...). Returns: the same shape"""
        if not self.training:
            return super().forward(input)
        self._check_input_dim(input)
        axes = [axis for axis in range(input.ndim) if axis != 1]
        shape = [-1 if axis == 1 else 1 for axis in range(input.ndim)]
        n: Any = SumOverProcesses.apply(input.new_tensor(input.numel() / input.shape[1]))
        mean: Any = SumOverProcesses.apply(input.sum(axes)) / n  # (C,)
        centred = input - mean.view(shape)
        var: Any = SumOverProcesses.apply((centred**2).sum(axes)) / n  # (C,)
        self._track(mean.detach(), (var * n / (n - 1)).detach())
        y = centred / torch.sqrt(var + self.eps).view(shape)
        return y * self.weight.view(shape) + self.bias.view(shape) if self.affine else y

    def _track(self, mean: Tensor, var: Tensor) -> None:
        """The running statistics, as torch moves them; `var` is the unbiased one."""
        if not self.track_running_stats:
            return
        statistics: Any = self
        statistics.num_batches_tracked.add_(1)
        rate = 1 / float(statistics.num_batches_tracked) if self.momentum is None else self.momentum
        statistics.running_mean.lerp_(mean, rate)
        statistics.running_var.lerp_(var, rate)


def normalise_together(module: nn.Module) -> None:
    """Put a `TogetherBatchNorm` with the same parameters and buffers in the place of every batch normalisation inside."""
    for parent in list(module.modules()):
        for name, child in parent.named_children():
            if isinstance(child, _BatchNorm) and not isinstance(child, TogetherBatchNorm):
                setattr(parent, name, _together(child))


def _together(norm: _BatchNorm) -> TogetherBatchNorm:
    switches = {"eps": norm.eps, "momentum": norm.momentum, "affine": norm.affine}
    made = TogetherBatchNorm(norm.num_features, **switches, track_running_stats=norm.track_running_stats)
    for name, value in (norm._parameters | norm._buffers).items():
        setattr(made, name, value)  # the same tensors: an optimizer holds them
    return made.train(norm.training)
