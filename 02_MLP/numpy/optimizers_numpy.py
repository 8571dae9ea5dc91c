"""Six optimizers in NumPy, equal step for step to `torch.optim`. Derived and compared in `../theory.md`.

Each works on the arrays of `model.params` in place: `optimizer.step(model.grads)`. What it remembers is in `state`, by
torch's names: `state["exp_avg"]["layers.0.weight"]`.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import numpy as np

Array = np.ndarray


class Optimizer(ABC):
    """Holds the parameters, the learning rate and the state; checks the arguments.

    Raises:
        ValueError: no parameters, or a hyperparameter out of range; from `step`, names or shapes that do not fit.
    """

    def __init__(self, params: dict[str, Array], lr: float, weight_decay: float = 0.0) -> None:
        if not params:
            raise ValueError(f"{type(self).__name__} got no parameters to optimize")
        _check(lr >= 0, self, "lr", lr, "at least 0")
        _check(weight_decay >= 0, self, "weight_decay", weight_decay, "at least 0")
        self.params = params
        self.lr = lr
        self.weight_decay = weight_decay
        self.state: dict[str, dict] = {}

    def zeros(self) -> dict[str, Array]:
        """One array of zeros for each parameter."""
        return {name: np.zeros_like(p) for name, p in self.params.items()}

    def step(self, grads: dict[str, Array]) -> None:
        """Change every parameter in place. grads: one array for each parameter, under its name and of its shape."""
        if grads.keys() != self.params.keys():
            wrong = sorted(grads.keys() ^ self.params.keys())
            raise ValueError(f"{type(self).__name__}.step: names differ between parameters and gradients: {wrong}")
        for name, p in self.params.items():
            g = grads[name]
            if g.shape != p.shape:
                raise ValueError(f"{type(self).__name__}.step: {name} has shape {p.shape}, its gradient {g.shape}")
        for name, p in self.params.items():
            self.update(name, p, grads[name])

    @abstractmethod
    def update(self, name: str, p: Array, g: Array) -> None:
        """Change one parameter in place. p: the parameter; g: its gradient, of the same shape."""


# --8<-- [start:sgd]
class SGD(Optimizer):
    """Stochastic gradient descent, plain, with momentum, or with Nesterov's momentum.

    v <- momentum v + g;  p <- p - lr v  (Rumelhart, Hinton, Williams 1986, equation 9, with the lr outside v).
    Nesterov: p <- p - lr (g + momentum v), the gradient step as seen from where the momentum will carry the weights.
    Weight decay is coupled: it is added to the gradient, as the derivative of (weight_decay / 2) |p|^2.
    """

    def __init__(
        self,
        params: dict[str, Array],
        lr: float = 1e-3,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, lr, weight_decay)
        _check(0 <= momentum < 1, self, "momentum", momentum, "in [0, 1)")
        if nesterov and momentum == 0:
            raise ValueError("SGD: nesterov=True needs a momentum above 0")
        self.momentum = momentum
        self.nesterov = nesterov
        if momentum:
            self.state["momentum_buffer"] = self.zeros()

    def update(self, name: str, p: Array, g: Array) -> None:
        if self.weight_decay:
            g = g + self.weight_decay * p
        if self.momentum:
            v = self.state["momentum_buffer"][name]
            v *= self.momentum
            # eq: momentum
            v += g
            # eq: nesterov
            g = g + self.momentum * v if self.nesterov else v
        p -= self.lr * g


# --8<-- [end:sgd]


class RMSprop(Optimizer):
    """Divide each step by the root of a running mean of the squared gradient (Hinton's lecture 6e, 2012).

    s <- alpha s + (1 - alpha) g^2;  p <- p - lr g / (sqrt s + eps)
    """

    def __init__(
        self,
        params: dict[str, Array],
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, lr, weight_decay)
        _check(0 <= alpha < 1, self, "alpha", alpha, "in [0, 1)")
        self.alpha = alpha
        self.eps = eps
        self.state = {"step": dict.fromkeys(params, 0.0), "square_avg": self.zeros()}

    def update(self, name: str, p: Array, g: Array) -> None:
        if self.weight_decay:
            g = g + self.weight_decay * p
        self.state["step"][name] += 1.0
        s = self.state["square_avg"][name]
        s *= self.alpha
        # eq: rmsprop
        s += (1.0 - self.alpha) * g * g
        # eq: rmsprop
        p -= self.lr * g / (np.sqrt(s) + self.eps)


# --8<-- [start:adam]
class Adam(Optimizer):
    """Momentum and RMSprop together, both corrected for starting at zero (Kingma, Ba 2015, algorithm 1).

    m <- b1 m + (1 - b1) g;  v <- b2 v + (1 - b2) g^2;  p <- p - lr m^ / (sqrt v^ + eps)
    with m^ = m / (1 - b1^t) and v^ = v / (1 - b2^t). eps is added after the correction of v, outside the root.
    Weight decay is coupled, added to the gradient; `AdamW` decouples it.
    """

    def __init__(
        self,
        params: dict[str, Array],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, lr, weight_decay)
        _check(0 <= betas[0] < 1, self, "betas[0]", betas[0], "in [0, 1)")
        _check(0 <= betas[1] < 1, self, "betas[1]", betas[1], "in [0, 1)")
        self.betas = betas
        self.eps = eps
        self.state = {"step": dict.fromkeys(params, 0.0), "exp_avg": self.zeros(), "exp_avg_sq": self.zeros()}

    def update(self, name: str, p: Array, g: Array) -> None:
        if self.weight_decay:
            g = g + self.weight_decay * p
        self.adapt(name, p, g)

    def adapt(self, name: str, p: Array, g: Array) -> None:
        """The step itself, without weight decay."""
        b1, b2 = self.betas
        self.state["step"][name] += 1.0
        t = self.state["step"][name]
        m, v = self.state["exp_avg"][name], self.state["exp_avg_sq"][name]
        m *= b1
        # eq: adam-averages
        m += (1.0 - b1) * g
        v *= b2
        # eq: adam-averages
        v += (1.0 - b2) * g * g
        root = np.sqrt(v) / math.sqrt(1.0 - b2**t) + self.eps  # sqrt v^ + eps
        # eq: adam-step
        p -= (self.lr / (1.0 - b1**t)) * m / root


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov, Hutter 2019): p shrinks by lr * weight_decay before Adam's step.

    Coupled decay would be divided by sqrt v^ with the rest of the gradient, and so decay the weights with large gradients
    the least.
    """

    def __init__(
        self,
        params: dict[str, Array],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay)

    def update(self, name: str, p: Array, g: Array) -> None:
        # eq: adamw-step
        p *= 1.0 - self.lr * self.weight_decay
        self.adapt(name, p, g)


# --8<-- [end:adam]


def _check(right: bool, optimizer: Optimizer, name: str, value: float, allowed: str) -> None:
    if not right:
        raise ValueError(f"{type(optimizer).__name__}: {name} must be {allowed}, got {value}")
