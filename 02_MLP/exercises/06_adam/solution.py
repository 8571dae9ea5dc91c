"""Adam over a dictionary of leaf tensors (Kingma, Ba 2015, algorithm 1), with coupled weight decay."""

import math

import torch
from torch import Tensor


class MyAdam:
    """m <- b1 m + (1 - b1) g;  v <- b2 v + (1 - b2) g^2;  p <- p - lr m^ / (sqrt v^ + eps); weight decay added to g.

    m^ = m / (1 - b1^t) and v^ = v / (1 - b2^t) correct for starting at zero; t is the number of the step, 1 at the first.
    """

    def __init__(
        self,
        params: dict[str, Tensor],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        self.params = params
        self.lr = lr
        self.betas = betas
        self.eps = eps
        self.weight_decay = weight_decay
        self.t = 0
        self.exp_avg = {name: torch.zeros_like(p, requires_grad=False) for name, p in params.items()}
        self.exp_avg_sq = {name: torch.zeros_like(p, requires_grad=False) for name, p in params.items()}

    def zero_grad(self) -> None:
        for p in self.params.values():
            p.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Move every parameter that has a gradient; one without (it took no part in the loss) stays as it is."""
        self.t += 1  # once a step, not once a parameter
        for name, p in self.params.items():
            if p.grad is not None:
                self.update(name, p, p.grad)

    def update(self, name: str, p: Tensor, g: Tensor) -> None:
        """One step for one parameter. p, g: any equal shape. Changes p in place."""
        b1, b2 = self.betas
        if self.weight_decay:
            g = g + self.weight_decay * p  # a new tensor: g is p.grad, which belongs to the caller
        m, v = self.exp_avg[name], self.exp_avg_sq[name]
        m.mul_(b1).add_(g, alpha=1.0 - b1)
        v.mul_(b2).addcmul_(g, g, value=1.0 - b2)
        root = v.sqrt().div_(math.sqrt(1.0 - b2**self.t)).add_(self.eps)  # sqrt v^ + eps
        p.addcdiv_(m, root, value=-self.lr / (1.0 - b1**self.t))
