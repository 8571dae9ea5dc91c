"""The multilayer perceptron in NumPy: initialisation, dropout, the 1998 network and a modern one.

Rumelhart, Hinton, Williams 1986 (back-propagation); LeCun, Bottou, Bengio, Haffner 1998, sections III-C.5 and C.6 (the
networks on MNIST); Glorot, Bengio 2010 and He et al. 2015 (initialisation). Derivations: `../theory.md`.

    B  batch    D  inputs (pixels)    K  outputs (classes)
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from activations_numpy import ReLU, ScaledTanh
from linear_numpy import Linear
from logistic_numpy import CrossEntropyLoss
from module_numpy import Module
from optimizers_numpy import Optimizer

Array = np.ndarray


# --8<-- [start:init]
def fans(shape: Sequence[int]) -> tuple[int, int]:
    """(fan_in, fan_out) of a weight (out, in, ...): how many inputs an output sums, and how many outputs an input feeds."""
    if len(shape) < 2:
        raise ValueError(f"a weight needs at least (out, in), got shape {tuple(shape)}; biases start at zero")
    kernel = int(np.prod(shape[2:]))  # 1 for a linear layer
    return shape[1] * kernel, shape[0] * kernel


def standard_uniform(shape: Sequence[int], *, rng: np.random.Generator) -> Array:
    """U(+-1/sqrt fan_in): the habit of before 2010 (Glorot, Bengio 2010, equation 1), and torch's default for Linear.

    Its variance is 1 / (3 fan_in): each layer multiplies the variance by a third, and by a sixth with ReLU.
    """
    fan_in, _ = fans(shape)
    return rng.uniform(-1.0, 1.0, size=shape) / np.sqrt(fan_in)


def lecun_uniform(shape: Sequence[int], *, rng: np.random.Generator) -> Array:
    """U(+-2.4 / fan_in) (LeCun et al. 1998, Appendix A)."""
    fan_in, _ = fans(shape)
    return rng.uniform(-2.4, 2.4, size=shape) / fan_in


def glorot_uniform(shape: Sequence[int], *, rng: np.random.Generator) -> Array:
    """Variance 2 / (fan_in + fan_out), uniform (Glorot, Bengio 2010, equation 16)."""
    return rng.uniform(-1.0, 1.0, size=shape) * np.sqrt(6.0 / sum(fans(shape)))


def glorot_normal(shape: Sequence[int], *, rng: np.random.Generator) -> Array:
    """Variance 2 / (fan_in + fan_out), normal (Glorot, Bengio 2010, equation 12)."""
    return rng.normal(size=shape) * np.sqrt(2.0 / sum(fans(shape)))


def he_uniform(shape: Sequence[int], *, rng: np.random.Generator) -> Array:
    """Variance 2 / fan_in, uniform."""
    fan_in, _ = fans(shape)
    return rng.uniform(-1.0, 1.0, size=shape) * np.sqrt(6.0 / fan_in)


def he_normal(shape: Sequence[int], *, rng: np.random.Generator) -> Array:
    """Variance 2 / fan_in, normal (He et al. 2015, equation 10): ReLU halves the signal, so the weights double it."""
    fan_in, _ = fans(shape)
    return rng.normal(size=shape) * np.sqrt(2.0 / fan_in)


# --8<-- [end:init]


# --8<-- [start:dropout]
def dropout_mask(shape: Sequence[int], p: float, *, rng: np.random.Generator) -> Array:
    """0 with probability p, else 1 / (1 - p): the mean is 1, so a masked value keeps its expectation. Returns: `shape`

    Raises:
        ValueError: p outside [0, 1).
    """
    if not 0 <= p < 1:
        raise ValueError(f"dropout: p must be in [0, 1), got {p}")
    return (rng.random(shape) >= p) / (1.0 - p)


class Dropout(Module):
    """Training: y = x mask. Evaluation, without a mask: y = x. (Srivastava et al. 2014, in its "inverted" form.)

    The mask is an input, so that every level can be given the same one.

    Raises:
        ValueError: an empty x, or a mask of another shape than x.
    """

    def forward(self, x: Array, mask: Array | None = None) -> Array:
        """x, mask: any equal shape; the mask as `dropout_mask` makes it, which is taken in the dtype of x."""
        if x.size == 0:
            raise ValueError(f"Dropout got an empty batch of shape {x.shape}; it needs at least one value")
        if mask is not None and mask.shape != x.shape:
            raise ValueError(f"Dropout expected a mask of shape {x.shape}, got {mask.shape}")
        self.mask = None if mask is None else mask.astype(x.dtype, casting="same_kind", copy=False)
        return x if self.mask is None else x * self.mask

    def backward(self, dy: Array) -> Array:
        # eq: dropout-backward
        return dy if self.mask is None else dy * self.mask  # dx = dy mask


# --8<-- [end:dropout]


# --8<-- [start:squared_error]
class SquaredError(Module):
    """E = mean over the examples of 1/2 sum_k (y_k - t_k)^2.

    Rumelhart, Hinton, Williams 1986, equation 3, sums over the examples; `backward(dy=B)` gives that gradient.

    Raises:
        ValueError: the shapes differ, or the batch is empty.
    """

    def forward(self, y: Array, t: Array) -> float:
        """y, t: (B, K)"""
        if y.shape != t.shape or y.ndim != 2:
            raise ValueError(f"SquaredError expected two (B, K) of one shape, got {y.shape} and {t.shape}")
        if y.size == 0:
            raise ValueError(f"SquaredError got an empty batch of shape {y.shape}; its mean is undefined")
        self.difference = y - t
        return float(0.5 * (self.difference**2).sum(axis=1).mean())

    def backward(self, dy: float = 1.0) -> Array:
        # eq: squared-error-backward
        return self.difference * (dy / len(self.difference))  # dE/dy = (y - t) / B, equation 4


def one_of_k(labels: Array, classes: int, *, low: float = -1.0, high: float = 1.0) -> Array:
    """`high` at the label and `low` elsewhere. labels: (B,) integers. Returns: float64 (B, K)

    Raises:
        ValueError: a label outside 0..K-1.
    """
    if labels.size and (labels.min() < 0 or labels.max() >= classes):
        wrong = labels[(labels < 0) | (labels >= classes)].flat[0]
        raise ValueError(f"one_of_k expected labels from 0 to {classes - 1}, got {wrong}")
    targets = np.full((len(labels), classes), low)
    targets[np.arange(len(labels)), labels] = high
    return targets


# --8<-- [end:squared_error]


# --8<-- [start:model]
class MLP(Module):
    """The modern network: Linear, ReLU, dropout, ..., Linear, giving logits for a cross-entropy.

    Args:
        sizes: widths from input to output, (784, 300, 100, 10).
        rng: draws the weights by He's rule; the biases start at zero.
    """

    def __init__(self, sizes: Sequence[int], *, rng: np.random.Generator, dtype: Any = np.float64) -> None:
        super().__init__()
        if len(sizes) < 3:
            raise ValueError(f"MLP needs at least an input, a hidden and an output width, got {tuple(sizes)}")
        self.linears = [Linear(i, o, rng=rng, dtype=dtype) for i, o in pairwise(sizes)]
        self.relus = [ReLU() for _ in self.linears[1:]]
        self.dropouts = [Dropout() for _ in self.linears[1:]]
        for linear in self.linears:
            weight = linear.params["weight"]
            weight[...] = he_normal(weight.shape, rng=rng)

    def blocks(self) -> list[tuple[Linear, ReLU, Dropout]]:
        """The hidden layers in order, each a linear layer with its ReLU and its dropout; the output layer follows them."""
        return list(zip(self.linears[:-1], self.relus, self.dropouts, strict=True))

    def forward(self, x: Array, masks: Sequence[Array] | None = None) -> Array:
        """x: (B, D). masks: one (B, width) for each hidden layer; None in evaluation. Returns: logits (B, K)"""
        if masks is not None and len(masks) != len(self.dropouts):
            raise ValueError(f"MLP expected {len(self.dropouts)} dropout masks, got {len(masks)}")
        for i, (linear, relu, dropout) in enumerate(self.blocks()):
            x = linear.forward(x)  # (B, width i) -> (B, width i+1)
            x = relu.forward(x)
            x = dropout.forward(x, None if masks is None else masks[i])
        return self.linears[-1].forward(x)  # (B, K)

    def backward(self, dlogits: Array) -> Array:
        """dlogits: (B, K). Adds to `grads`. Returns: dx (B, D)"""
        dx = self.linears[-1].backward(dlogits)  # the chain rule, from the last layer to the first
        for linear, relu, dropout in reversed(self.blocks()):
            dx = dropout.backward(dx)
            # eq: back-propagation
            dx = relu.backward(dx)
            # eq: back-propagation
            dx = linear.backward(dx)  # (B, width i+1) -> (B, width i)
        return dx


# --8<-- [end:model]


# --8<-- [start:training_step]
def training_step(model: MLP, optimizer: Optimizer, x: Array, labels: Array, masks: Sequence[Array] | None) -> float:
    """Forward, backward, update. x: (B, D). labels: (B,) integers. Returns: the loss before the update"""
    criterion = CrossEntropyLoss()
    loss = criterion.forward(model.forward(x, masks), labels)
    model.zero_grads()
    model.backward(criterion.backward())
    optimizer.step(model.grads)
    return loss


# --8<-- [end:training_step]


# --8<-- [start:model1998]
class MLP1998(Module):
    """The network of LeCun et al. 1998, III-C.5 and C.6: Linear, scaled tanh, ..., Linear, scaled tanh.

    The output is squashed too, and trained towards +1 for the class and -1 for the others with the squared error.

    Args:
        sizes: widths from input to output: (784, 300, 10) is the paper's 28x28-300-10.
        rng: draws the weights, U(+-2.4 / fan_in) as in Appendix A; the biases start at zero.
    """

    def __init__(self, sizes: Sequence[int], *, rng: np.random.Generator, dtype: Any = np.float64) -> None:
        super().__init__()
        if len(sizes) < 3:
            raise ValueError(f"MLP1998 needs at least an input, a hidden and an output width, got {tuple(sizes)}")
        self.linears = [Linear(i, o, rng=rng, dtype=dtype) for i, o in pairwise(sizes)]
        self.squashes = [ScaledTanh() for _ in self.linears]
        for linear in self.linears:
            weight = linear.params["weight"]
            weight[...] = lecun_uniform(weight.shape, rng=rng)

    def blocks(self) -> list[tuple[Linear, ScaledTanh]]:
        """The layers in order, each a linear layer with its squashing function."""
        return list(zip(self.linears, self.squashes, strict=True))

    def forward(self, x: Array) -> Array:
        """x: (B, D). Returns: outputs (B, K), each in (-1.7159, 1.7159)"""
        for linear, squash in self.blocks():
            x = linear.forward(x)  # (B, width i) -> (B, width i+1)
            x = squash.forward(x)
        return x

    def backward(self, dy: Array) -> Array:
        """dy: (B, K). Adds to `grads`. Returns: dx (B, D)"""
        for linear, squash in reversed(self.blocks()):
            dy = squash.backward(dy)
            dy = linear.backward(dy)  # (B, width i+1) -> (B, width i)
        return dy


# --8<-- [end:model1998]
