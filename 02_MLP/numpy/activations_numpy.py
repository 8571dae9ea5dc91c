"""The activation functions in NumPy, each with its derivative. `../activations.md` compares and plots them.

An activation works on every element alone (softmax: on every row), so its Jacobian is diagonal and `backward` is one
product: dx = dy * f'(x). All of them accept any shape.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import numpy as np
from logistic_numpy import sigmoid, softmax
from module_numpy import Module

Array = np.ndarray


class Activation(Module, ABC):
    """An element-wise function without parameters: checks shapes, and leaves the mathematics to `f` and `df`.

    Raises:
        ValueError: the input is empty, or `dy` has another shape than the output.
    """

    def forward(self, x: Array) -> Array:
        """x: any shape. Returns: f(x), of the same shape and dtype."""
        if x.size == 0:
            raise ValueError(
                f"{type(self).__name__} got an empty batch of shape {x.shape}; it needs at least one value"
            )
        self.x = x
        self.y = self.f(x)
        return self.y

    def backward(self, dy: Array) -> Array:
        """dy: the shape of x. Returns: dx = dy f'(x)"""
        if dy.shape != self.x.shape:
            raise ValueError(f"{type(self).__name__}.backward expected dy of shape {self.x.shape}, got {dy.shape}")
        # eq: activation-backward
        return dy * self.df(self.x, self.y)

    @abstractmethod
    def f(self, x: Array) -> Array:
        """f(x), element by element."""

    @abstractmethod
    def df(self, x: Array, y: Array) -> Array:
        """f'(x), given y = f(x) too: for some functions the output makes the derivative cheap."""


class Sigmoid(Activation):
    """s(x) = 1 / (1 + exp(-x)) (Rumelhart, Hinton, Williams 1986, equation 2)."""

    def f(self, x: Array) -> Array:
        return sigmoid(x)

    def df(self, x: Array, y: Array) -> Array:
        # eq: activation-derivatives
        return y * (1.0 - y)  # s' = s (1 - s), equation 5 of the same paper


class Tanh(Activation):
    """tanh x = 2 s(2x) - 1: a sigmoid that is centred on zero."""

    def f(self, x: Array) -> Array:
        return np.tanh(x)

    def df(self, x: Array, y: Array) -> Array:
        # eq: activation-derivatives
        return 1.0 - y * y  # tanh' = 1 - tanh^2


# --8<-- [start:scaled_tanh]
class ScaledTanh(Activation):
    """f(x) = A tanh(S x), A = 1.7159, S = 2/3 (LeCun et al. 1998, equation 6 and Appendix A).

    The constants make f(1) = 1 and f(-1) = -1, and put the largest curvature there: the targets +1 and -1 lie inside the
    range, so the weights need not grow without end to reach them.
    """

    A = 1.7159
    S = 2.0 / 3.0

    def f(self, x: Array) -> Array:
        return self.A * np.tanh(self.S * x)

    def df(self, x: Array, y: Array) -> Array:
        # eq: activation-derivatives
        return self.A * self.S - (self.S / self.A) * (y * y)  # A S (1 - tanh^2), with tanh = y / A


# --8<-- [end:scaled_tanh]


# --8<-- [start:relu]
class ReLU(Activation):
    """max(x, 0). The derivative at exactly 0 is a choice; 0 here, as in torch."""

    def f(self, x: Array) -> Array:
        return np.maximum(x, 0.0)

    def df(self, x: Array, y: Array) -> Array:
        # eq: activation-derivatives
        return (x > 0).astype(x.dtype)


# --8<-- [end:relu]


class LeakyReLU(Activation):
    """x for x > 0, else a x with a small fixed slope a."""

    def __init__(self, negative_slope: float = 0.01) -> None:
        super().__init__()
        self.negative_slope = negative_slope

    def f(self, x: Array) -> Array:
        return np.where(x > 0, x, self.negative_slope * x)

    def df(self, x: Array, y: Array) -> Array:
        # eq: activation-derivatives
        return np.where(x > 0, 1.0, self.negative_slope).astype(x.dtype)


class ELU(Activation):
    """x for x > 0, else a (exp(x) - 1)."""

    def __init__(self, alpha: float = 1.0) -> None:
        super().__init__()
        self.alpha = alpha

    def f(self, x: Array) -> Array:
        return np.where(x > 0, x, self.alpha * np.expm1(np.minimum(x, 0.0)))  # minimum: expm1(1e4) would overflow

    def df(self, x: Array, y: Array) -> Array:
        # eq: activation-derivatives
        return np.where(x > 0, 1.0, y + self.alpha)  # a exp(x) = y + a


# NumPy has no error function. Here it is a table of exact values and a Taylor step from the nearest entry: every
# derivative of erf is a Hermite polynomial times the Gaussian, d^n erf / dx^n = (-1)^(n-1) H_{n-1}(x) 2/sqrt(pi) exp(-x^2).
# With entries 1/64 apart the step h is at most 1/128, and the first term left out is below 1e-18.
_STEPS = 64
_LAST = 6.0  # 1 - erf(6) = 2e-17 is less than float64 can show beside 1
_ORDER = 8


def _erf_table() -> Array:
    """Taylor coefficients of erf at 0, 1/64, 2/64, ..., 6. Returns: (order, nodes)"""
    x = np.arange(int(_LAST * _STEPS) + 1) / _STEPS
    gauss = 2.0 / np.sqrt(np.pi) * np.exp(-x * x)
    hermite = [np.ones_like(x), 2.0 * x]
    for n in range(1, _ORDER - 2):
        hermite.append(2.0 * x * hermite[n] - 2.0 * n * hermite[n - 1])  # H_{n+1} = 2x H_n - 2n H_{n-1}
    table = [np.array([math.erf(v) for v in x])]
    table += [(-1) ** (n - 1) * hermite[n - 1] * gauss / math.factorial(n) for n in range(1, _ORDER)]
    return np.stack(table)


_ERF = {np.dtype(np.float64): _erf_table(), np.dtype(np.float32): _erf_table().astype(np.float32)}


def erf(x: Array) -> Array:
    """The error function, any shape, float32 or float64; within 3e-16 of the true value in float64."""
    table = _ERF[x.dtype]
    a = np.minimum(np.abs(x), _LAST)  # erf is odd; NaN stays NaN
    # A NaN has no index; "clip" gives it one, and the Taylor step makes it NaN again.
    with np.errstate(invalid="ignore"):
        node = np.rint(a * _STEPS).astype(np.intp)
    node = np.clip(node, 0, table.shape[1] - 1)
    h = a - node.astype(x.dtype) / _STEPS  # the step from the nearest entry
    y = table[_ORDER - 1][node]
    for n in reversed(range(_ORDER - 1)):  # Horner's rule
        y = y * h + table[n][node]
    return np.copysign(y, x)


# --8<-- [start:gelu]
class GELU(Activation):
    """x P(x), P the normal distribution function 1/2 (1 + erf(x / sqrt 2)). The exact form, as BERT and ViT use it."""

    def f(self, x: Array) -> Array:
        self.cdf = 0.5 * (1.0 + erf(x * (1.0 / math.sqrt(2.0))))
        return x * self.cdf

    def df(self, x: Array, y: Array) -> Array:
        density = np.exp(-0.5 * x * x) * (1.0 / math.sqrt(2.0 * math.pi))
        # eq: activation-derivatives
        return self.cdf + x * density  # (x P)' = P + x p


class GELUTanh(Activation):
    """x / 2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))): the approximation that GPT-2 uses. It differs by up to 5e-4."""

    C = math.sqrt(2.0 / math.pi)

    def f(self, x: Array) -> Array:
        self.t = np.tanh(self.C * (x + 0.044715 * x * x * x))
        return 0.5 * x * (1.0 + self.t)

    def df(self, x: Array, y: Array) -> Array:
        du = self.C * (1.0 + 3 * 0.044715 * x * x)  # u', u the argument of tanh
        # with t = tanh u: (x/2 (1 + t))' = 1/2 (1 + t) + x/2 (1 - t^2) u'
        # eq: gelu-tanh-backward
        return 0.5 * (1.0 + self.t) + 0.5 * x * (1.0 - self.t * self.t) * du


# --8<-- [end:gelu]


class SiLU(Activation):
    """x s(x), s the sigmoid; also called swish."""

    def f(self, x: Array) -> Array:
        self.s = sigmoid(x)
        return x * self.s

    def df(self, x: Array, y: Array) -> Array:
        # eq: activation-derivatives
        return self.s + y * (1.0 - self.s)  # (x s)' = s + x s (1 - s)


# --8<-- [start:softmax_activation]
class Softmax(Module):
    """y_i = exp x_i / sum_j exp x_j on the last axis.

    Every output depends on every input of its row: the Jacobian is dy_i/dx_j = y_i (1[i = j] - y_j), no longer diagonal.
    The product with dy needs no (K, K) matrix: dx = y * (dy - sum_i dy_i y_i).
    """

    def forward(self, x: Array) -> Array:
        """x: (..., K). Returns: (..., K), every row positive and summing to one."""
        if x.size == 0:
            raise ValueError(f"Softmax got an empty batch of shape {x.shape}; it needs at least one value")
        self.y = softmax(x)
        return self.y

    def backward(self, dy: Array) -> Array:
        """dy: (..., K). Returns: dx (..., K)"""
        if dy.shape != self.y.shape:
            raise ValueError(f"Softmax.backward expected dy of shape {self.y.shape}, got {dy.shape}")
        # eq: softmax-rows-backward
        return self.y * (dy - (dy * self.y).sum(axis=-1, keepdims=True))


# --8<-- [end:softmax_activation]
