"""A convolution whose three passes are one function, and a stack of two. Something in it is wrong."""

import numpy as np
from activations_numpy import Tanh
from module_numpy import Module
from numpy.lib.stride_tricks import sliding_window_view
from optimizers_numpy import SGD


def correlate(x: np.ndarray, kernels: np.ndarray) -> np.ndarray:
    """y[b, o, p, q] = sum over c, i, j of kernels[o, c, i, j] x[b, c, p + i, q + j].

    x: (B, C, H, W), kernels: (O, C, kh, kw). Returns: (B, O, H - kh + 1, W - kw + 1)
    """
    windows = sliding_window_view(x, kernels.shape[2:], axis=(2, 3))  # (B, C, h, w, kh, kw)
    y = np.tensordot(windows, kernels, axes=((1, 4, 5), (1, 2, 3)))  # (B, h, w, O)
    return y.transpose(0, 3, 1, 2)


class Convolution(Module):
    """Stride 1, no padding. weight: (O, C, k, k), bias: (O,)."""

    def __init__(self, in_channels: int, out_channels: int, k: int, *, rng: np.random.Generator) -> None:
        super().__init__()
        self.k = k
        bound = 1.0 / np.sqrt(in_channels * k**2)
        self.weight = self.add_param("weight", rng.uniform(-bound, bound, (out_channels, in_channels, k, k)))
        self.bias = self.add_param("bias", np.zeros(out_channels))

    def forward(self, x: np.ndarray) -> np.ndarray:
        """x: (B, C, H, W). Returns: (B, O, h, w)"""
        self.x = x
        return correlate(x, self.weight) + self.bias[:, None, None]

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """dy: (B, O, h, w). Adds to `grads`. Returns: dx (B, C, H, W)"""
        self.grads["weight"] += self.weight_gradient(dy)
        self.grads["bias"] += dy.sum(axis=(0, 2, 3))
        return self.input_gradient(dy)

    def weight_gradient(self, dy: np.ndarray) -> np.ndarray:
        """dw[o, c, i, j] = sum over b, p, q of dy[b, o, p, q] x[b, c, p + i, q + j]: the input, correlated with dy."""
        dw = correlate(self.x.transpose(1, 0, 2, 3), dy.transpose(1, 0, 2, 3))  # (C, O, k, k): the batch is summed over
        return dw.transpose(1, 0, 2, 3)

    def input_gradient(self, dy: np.ndarray) -> np.ndarray:
        """The kernel goes over dy, with k - 1 zeros around it, so that every pixel of x is reached."""
        around = self.k - 1
        padded = np.pad(dy, ((0, 0), (0, 0), (around, around), (around, around)))
        return correlate(padded, self.weight.transpose(1, 0, 2, 3))  # the channels change places


class Stack(Module):
    """Two convolutions with a tanh between them."""

    def __init__(self, channels: tuple[int, int, int], k: int, *, rng: np.random.Generator) -> None:
        super().__init__()
        self.c1 = Convolution(channels[0], channels[1], k, rng=rng)
        self.t1 = Tanh()
        self.c2 = Convolution(channels[1], channels[2], k, rng=rng)

    def forward(self, x: np.ndarray) -> np.ndarray:
        """x: (B, C, H, W). Returns: (B, O, H - 2 k + 2, W - 2 k + 2)"""
        return self.c2.forward(self.t1.forward(self.c1.forward(x)))

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """Returns: dx (B, C, H, W)"""
        return self.c1.backward(self.t1.backward(self.c2.backward(dy)))


def imitate(model: Stack, x: np.ndarray, y: np.ndarray, *, lr: float, steps: int) -> list[float]:
    """Train `model` to give the images y for the images x. Returns: the mean squared error before every step."""
    optimizer = SGD(model.params, lr=lr, momentum=0.9)
    losses = []
    for _ in range(steps):
        error = model.forward(x) - y
        losses.append(float((error**2).mean()))
        model.zero_grads()
        model.backward(2.0 * error / error.size)
        optimizer.step(model.grads)
    return losses
