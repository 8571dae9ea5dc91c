"""Back-propagation as the paper of 1986 writes it: logistic units in layers, without layer objects.

Rumelhart, Hinton, Williams, "Learning representations by back-propagating errors", equations 1 to 8.
"""

from itertools import pairwise

import numpy as np
from logistic_numpy import sigmoid


class Network:
    """Layers of logistic units. sizes: widths from input to output, (6, 2, 1)."""

    def __init__(self, sizes: tuple[int, ...], *, rng: np.random.Generator, spread: float = 0.3) -> None:
        self.weights = [rng.uniform(-spread, spread, size=(o, i)) for i, o in pairwise(sizes)]  # (out, in)
        self.biases = [rng.uniform(-spread, spread, size=o) for o in sizes[1:]]  # (out,)

    def forward(self, x: np.ndarray) -> list[np.ndarray]:
        """x: (B, in). Returns: the outputs of every layer, the input first: [(B, in), (B, width 1), ..., (B, out)]"""
        ys = [x]
        for weight, bias in zip(self.weights, self.biases, strict=True):
            ys.append(sigmoid(ys[-1] @ weight.T + bias))  # equations 1, 2
        return ys

    def error(self, x: np.ndarray, d: np.ndarray) -> float:
        """Half the summed squared difference from the targets d (B, out), over all cases (equation 3)."""
        return float(0.5 * ((self.forward(x)[-1] - d) ** 2).sum())

    def sweep(self, x: np.ndarray, d: np.ndarray, eps: float) -> None:
        """One step of gradient descent on all cases: every parameter p becomes p - eps dE/dp (equation 8)."""
        ys = self.forward(x)
        dy = ys[-1] - d  # dE/dy (B, out), equation 4
        for i in reversed(range(len(self.weights))):
            dx = dy * ys[i + 1] * (1.0 - ys[i + 1])  # dE/dx, x the net input, equation 5
            self.weights[i] -= eps * dx.T @ ys[i]  # equation 6, summed over the cases
            self.biases[i] -= eps * dx.sum()
            dy = dx @ self.weights[i]  # dE/dy of the layer below, equation 7
