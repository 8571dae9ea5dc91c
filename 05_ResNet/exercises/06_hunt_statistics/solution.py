"""Batch normalisation of a table, forward, with running statistics."""

import numpy as np


class BatchNorm:
    """y = weight (x - mean) / sqrt(var + eps) + bias for each column; of the batch in training, running in evaluation."""

    def __init__(self, channels: int, eps: float = 1e-5, momentum: float = 0.1) -> None:
        self.eps, self.momentum = eps, momentum
        self.weight, self.bias = np.ones(channels), np.zeros(channels)
        self.running_mean, self.running_var = np.zeros(channels), np.ones(channels)

    def forward(self, x: np.ndarray, training: bool) -> np.ndarray:
        """x: (n, C). Returns: (n, C)"""
        if training:
            mean, var = x.mean(axis=0), x.var(axis=0)
            n, keep = len(x), 1.0 - self.momentum  # momentum is the share of the new batch
            self.running_mean = keep * self.running_mean + (1.0 - keep) * mean
            self.running_var = keep * self.running_var + (1.0 - keep) * var * n / (n - 1)
        else:
            mean, var = self.running_mean, self.running_var
        return self.weight * (x - mean) / np.sqrt(var + self.eps) + self.bias
