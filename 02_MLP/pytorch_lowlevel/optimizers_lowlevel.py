"""The six optimizers of `optimizers_numpy`, over a dictionary of leaf tensors: `optimizer.step()` reads `p.grad`.

The formulas are those of the NumPy level, line for line. New is `torch.no_grad()`: without it autograd would record the
update as part of the next forward pass, and refuses to change a leaf in place.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor


class Optimizer(ABC):
    """Holds the parameters, the learning rate and the state, by torch's names.

    Raises:
        ValueError: no parameters, or a negative learning rate or weight decay; from `step`, a parameter without gradient.
    """

    def __init__(self, params: dict[str, Tensor], lr: float, weight_decay: float = 0.0) -> None:
        if not params:
            raise ValueError(f"{type(self).__name__} got no parameters to optimize")
        if lr < 0 or weight_decay < 0:
            raise ValueError(f"{type(self).__name__}: lr {lr} and weight_decay {weight_decay} must be at least 0")
        self.params = params
        self.lr = lr
        self.weight_decay = weight_decay
        self.state: dict[str, dict[str, Any]] = {}

    def zeros(self) -> dict[str, Tensor]:
        return {name: torch.zeros_like(p, requires_grad=False) for name, p in self.params.items()}

    def zero_grad(self) -> None:
        for p in self.params.values():
            p.grad = None

    @torch.no_grad()
    def step(self) -> None:
        for name, p in self.params.items():
            if p.grad is None:
                raise ValueError(f"{type(self).__name__}.step: {name} has no gradient; call loss.backward() first")
        for name, p in self.params.items():
            self.update(name, p, p.grad)  # pyright: ignore[reportArgumentType]  # checked before anything moves

    @abstractmethod
    def update(self, name: str, p: Tensor, g: Tensor) -> None:
        """Change one parameter in place. p: the parameter; g: its gradient, of the same shape."""


# --8<-- [start:sgd]
class SGD(Optimizer):
    """v <- momentum v + g;  p <- p - lr v, or Nesterov's p <- p - lr (g + momentum v); weight decay added to g."""

    def __init__(
        self,
        params: dict[str, Tensor],
        lr: float = 1e-3,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, lr, weight_decay)
        if not 0 <= momentum < 1:
            raise ValueError(f"SGD: momentum must be in [0, 1), got {momentum}")
        if nesterov and momentum == 0:
            raise ValueError("SGD: nesterov=True needs a momentum above 0")
        self.momentum = momentum
        self.nesterov = nesterov
        if momentum:
            self.state["momentum_buffer"] = self.zeros()

    def update(self, name: str, p: Tensor, g: Tensor) -> None:
        if self.weight_decay:
            g = g + self.weight_decay * p
        if self.momentum:
            v = self.state["momentum_buffer"][name]
            # eq: momentum
            v.mul_(self.momentum).add_(g)
            # eq: nesterov
            g = g + self.momentum * v if self.nesterov else v
        p.sub_(g, alpha=self.lr)


# --8<-- [end:sgd]


class RMSprop(Optimizer):
    """s <- alpha s + (1 - alpha) g^2;  p <- p - lr g / (sqrt s + eps)"""

    def __init__(
        self,
        params: dict[str, Tensor],
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, lr, weight_decay)
        self.alpha = alpha
        self.eps = eps
        self.state = {"step": dict.fromkeys(params, 0.0), "square_avg": self.zeros()}

    def update(self, name: str, p: Tensor, g: Tensor) -> None:
        if self.weight_decay:
            g = g + self.weight_decay * p
        self.state["step"][name] += 1.0
        s = self.state["square_avg"][name]
        # eq: rmsprop
        s.mul_(self.alpha).addcmul_(g, g, value=1.0 - self.alpha)
        p.addcdiv_(g, s.sqrt().add_(self.eps), value=-self.lr)


# --8<-- [start:adam]
class Adam(Optimizer):
    """m <- b1 m + (1 - b1) g;  v <- b2 v + (1 - b2) g^2;  p <- p - lr m^ / (sqrt v^ + eps); weight decay added to g."""

    def __init__(
        self,
        params: dict[str, Tensor],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, lr, weight_decay)
        self.betas = betas
        self.eps = eps
        self.state = {"step": dict.fromkeys(params, 0.0), "exp_avg": self.zeros(), "exp_avg_sq": self.zeros()}

    def update(self, name: str, p: Tensor, g: Tensor) -> None:
        if self.weight_decay:
            g = g + self.weight_decay * p
        self.adapt(name, p, g)

    def adapt(self, name: str, p: Tensor, g: Tensor) -> None:
        b1, b2 = self.betas
        self.state["step"][name] += 1.0
        t = self.state["step"][name]
        m, v = self.state["exp_avg"][name], self.state["exp_avg_sq"][name]
        # eq: adam-averages
        m.mul_(b1).add_(g, alpha=1.0 - b1)
        # eq: adam-averages
        v.mul_(b2).addcmul_(g, g, value=1.0 - b2)
        root = v.sqrt().div_(math.sqrt(1.0 - b2**t)).add_(self.eps)  # sqrt v^ + eps
        # eq: adam-step
        p.addcdiv_(m, root, value=-self.lr / (1.0 - b1**t))


class AdamW(Adam):
    """p <- p (1 - lr weight_decay), then Adam's step on the plain gradient."""

    def __init__(
        self,
        params: dict[str, Tensor],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay)

    def update(self, name: str, p: Tensor, g: Tensor) -> None:
        # eq: adamw-step
        p.mul_(1.0 - self.lr * self.weight_decay)
        self.adapt(name, p, g)


# --8<-- [end:adam]
