"""Momentum in the form of Rumelhart, Hinton, Williams 1986, equation 9."""

import numpy as np
from optimizers_numpy import Optimizer


class Momentum1986(Optimizer):
    """The change of a weight is its gradient step plus alpha times its previous change (equation 9)."""

    def __init__(self, params: dict[str, np.ndarray], lr: float, alpha: float) -> None:
        super().__init__(params, lr)
        self.alpha = alpha
        self.state = {"change": self.zeros()}  # Delta w(t-1), one array for each parameter

    def update(self, name: str, p: np.ndarray, g: np.ndarray) -> None:
        """One step for the parameter `name`. p, g: any equal shape. Changes p and state["change"][name], not g."""
        change = self.state["change"][name]
        change *= self.alpha
        change -= self.lr * g  # the learning rate goes into the memory: a later one does not rescale it
        p += change


def amplification(alpha: float, steps: int) -> float:
    """How many times as large as the plain gradient step the change is, after `steps` >= 1 equal gradients."""
    return (1.0 - alpha**steps) / (1.0 - alpha)  # 1 + alpha + ... + alpha^(steps - 1)


def carry_over(buffer: np.ndarray, old_lr: float, new_lr: float) -> np.ndarray:
    """The momentum_buffer with which the chapter's SGD continues at `new_lr` as equation 9 would. Returns a new array."""
    return buffer * (old_lr / new_lr)  # new_lr times it is still the last change
