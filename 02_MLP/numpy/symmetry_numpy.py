"""The first network that back-propagation was published with: is a string of six bits its own mirror image?

Rumelhart, Hinton, Williams, "Learning representations by back-propagating errors", Nature 323, 1986, figure 1: six
inputs, two hidden units, one output, all of them logistic. The two hidden units are just enough.
"""

from __future__ import annotations

import numpy as np
from activations_numpy import Sigmoid
from linear_numpy import Linear
from mlp_numpy import SquaredError
from module_numpy import Module
from optimizers_numpy import SGD

Array = np.ndarray

EPS, ALPHA, SPREAD = 0.1, 0.9, 0.3  # learning rate, momentum, initial weights U(-0.3, 0.3): caption of figure 1


def patterns() -> tuple[Array, Array]:
    """All 64 strings of six bits, (64, 6), and 1 where a string is symmetric, (64, 1)."""
    bits = (np.arange(64)[:, None] >> np.arange(6)[::-1]) & 1
    symmetric = (bits == bits[:, ::-1]).all(axis=1, keepdims=True)
    return bits.astype(np.float64), symmetric.astype(np.float64)


# --8<-- [start:symmetry]
class SymmetryNet(Module):
    """6-2-1 with logistic units (equations 1 and 2): 17 parameters."""

    def __init__(self, *, rng: np.random.Generator) -> None:
        super().__init__()
        self.hidden = Linear(6, 2, rng=rng)
        self.hidden_sigmoid = Sigmoid()
        self.output = Linear(2, 1, rng=rng)
        self.output_sigmoid = Sigmoid()
        for p in self.params.values():
            p[...] = rng.uniform(-SPREAD, SPREAD, size=p.shape)

    def forward(self, x: Array) -> Array:
        """x: (B, 6). Returns: (B, 1), in (0, 1)"""
        h = self.hidden_sigmoid.forward(self.hidden.forward(x))  # (B, 6) -> (B, 2)
        return self.output_sigmoid.forward(self.output.forward(h))  # (B, 2) -> (B, 1)

    def backward(self, dy: Array) -> Array:
        dh = self.output.backward(self.output_sigmoid.backward(dy))  # equations 5, 6, 7
        return self.hidden.backward(self.hidden_sigmoid.backward(dh))


def train_symmetry(rng: np.random.Generator, *, most: int = 20_000) -> tuple[SymmetryNet, int | None, list[float]]:
    """Sweep through all 64 cases until each output is within 0.2 of its target, the paper's rule for family trees.

    Returns: the network, the number of sweeps (None: not solved within `most`), the error of equation 3 at each sweep.
    """
    x, d = patterns()
    net = SymmetryNet(rng=rng)
    criterion = SquaredError()
    optimizer = SGD(net.params, lr=EPS, momentum=ALPHA)  # equation 9
    errors = []
    for sweep in range(most):
        y = net.forward(x)
        errors.append(criterion.forward(y, d) * len(x))  # equation 3 sums over the cases
        if (np.abs(y - d) < 0.2).all():
            return net, sweep, errors
        net.zero_grads()
        net.backward(criterion.backward(dy=len(x)))
        optimizer.step(net.grads)
    return net, None, errors


# --8<-- [end:symmetry]


def mirror_pattern(net: SymmetryNet) -> tuple[Array, float]:
    """What the hidden units have learned.

    Returns:
        The mean size of the weights to each mirror pair, over pairs and hidden units, as ratios to the smallest: near
        (1, 2, 4). And the largest departure from antisymmetry, |w_i + w_mirror| relative to |w_i|.
    """
    w = net.hidden.params["weight"]  # (2, 6)
    departure = np.abs(w + w[:, ::-1]) / np.abs(w)
    sizes = np.sort(np.abs(w[:, :3] - w[:, :2:-1]) / 2.0, axis=1).mean(axis=0)  # (3,): the mirror pairs, smallest first
    return sizes / sizes[0], float(departure.max())
