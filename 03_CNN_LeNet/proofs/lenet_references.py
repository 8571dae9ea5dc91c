"""The implementations that the chapter is compared with: LeNet-5 from torch operations, the modern variant from torch.nn."""

from __future__ import annotations

import torch
from lenet_levels import CODES, classify, torch_sgd
from lenet_paper import C3_TABLE
from torch import Tensor, nn
from torch.nn import functional as F

from utils.ladder import Batch, Level, Params, Result
from utils.levels import ModuleLevel
from utils.levels.arrays import to_numpy, to_torch


class TorchOperations(Level):
    """LeNet-5 from torch's own operations: C3 a full convolution under a 16 x 6 mask, the subsampling an average pooling
    times four, and equation 9 a cross-entropy with an eleventh class of constant logit -j."""

    def __init__(self, loss: str) -> None:
        self.loss = loss

    def run(self, params: Params, batch: Batch, *, training: bool) -> Result:
        outs = [o for o, maps in enumerate(C3_TABLE) for _ in maps]
        ins = [c for maps in C3_TABLE for c in maps]
        p = to_torch(params)
        mask = torch.zeros(16, 6, 1, 1, dtype=p["c3.weight"].dtype)
        mask[outs, ins] = 1.0
        full = torch.randn(16, 6, 5, 5, generator=torch.Generator().manual_seed(0), dtype=mask.dtype)
        full[outs, ins] = p["c3.weight"]  # where the mask is zero, any number will do
        p["c3.weight"] = full
        for name, value in p.items():
            value.requires_grad_(name not in CODES)
        inputs = to_torch(batch)
        x = inputs["images"].requires_grad_()

        def f(a: Tensor) -> Tensor:
            return 1.7159 * torch.tanh(2.0 / 3.0 * a)

        def s(a: Tensor, name: str) -> Tensor:
            pooled = 4.0 * F.avg_pool2d(a, 2)
            return p[f"{name}.coefficient"].view(-1, 1, 1) * pooled + p[f"{name}.bias"].view(-1, 1, 1)

        h = f(s(f(F.conv2d(x, p["c1.weight"], p["c1.bias"])), "s2"))
        h = f(s(f(F.conv2d(h, p["c3.weight"] * mask, p["c3.bias"])), "s4"))
        h = f(F.linear(f(F.conv2d(h, p["c5.weight"], p["c5.bias"])).flatten(1), p["f6.weight"], p["f6.bias"]))
        y = torch.cdist(h, p["output.codes"], compute_mode="donot_use_mm_for_euclid_dist") ** 2
        if self.loss == "map":
            loss = F.cross_entropy(torch.cat([-y, torch.full_like(y[:, :1], -0.1)], dim=1), inputs["labels"])
        else:
            loss = y[torch.arange(len(y)), inputs["labels"]].mean()
        loss.backward()
        grads = to_numpy({name: g for name, value in p.items() if (g := value.grad) is not None})
        grads["c3.weight"] = grads["c3.weight"][outs, ins]
        assert x.grad is not None
        return Result(to_numpy({"distances": y}), float(loss.detach()), grads, to_numpy({"images": x.grad}))


def sequential() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 120, 5), nn.ReLU(), nn.Flatten(),
        nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )  # fmt: skip


SEQUENTIAL = ModuleLevel(
    sequential,
    classify,
    torch_sgd,
    inputs=("images",),
    names={
        f"{ours}.{p}": f"{theirs}.{p}"
        for ours, theirs in {"c1": 0, "c3": 3, "c5": 6, "f6": 9, "output": 11}.items()
        for p in ("weight", "bias")
    },
)
