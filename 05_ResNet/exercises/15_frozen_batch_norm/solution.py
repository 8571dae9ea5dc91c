"""Fine-tuning with frozen batch normalisation."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class FrozenBatchNorm2d(nn.BatchNorm2d):
    """Batch normalisation that uses its running statistics in training too, and changes neither them nor its parameters.

    The names in the state_dict are those of nn.BatchNorm2d, so that checkpoints fit both ways.
    """

    def forward(self, input: Tensor) -> Tensor:
        """input: (B, C, H, W). Returns: the same shape"""
        return F.batch_norm(
            input, self.running_mean, self.running_var, self.weight, self.bias, training=False, eps=self.eps
        )


def freeze_batch_norm(model: nn.Module) -> nn.Module:
    """Put a `FrozenBatchNorm2d` in the place of every nn.BatchNorm2d inside `model`. Changes the model and returns it.

    Raises:
        TypeError: a normalisation of another class; nothing has been changed then.
    """
    found = [(name, m) for name, m in model.named_modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    for name, old in found:
        if type(old) not in (nn.BatchNorm2d, FrozenBatchNorm2d):
            raise TypeError(f"freeze_batch_norm expected nn.BatchNorm2d, and {name} is a {type(old).__name__}")
        if old.running_mean is None:
            raise TypeError(f"freeze_batch_norm needs running statistics, and {name} keeps none")
    for name, old in found:
        new = FrozenBatchNorm2d(old.num_features, old.eps, old.momentum, old.affine, old.track_running_stats)
        new = new.to(device=old.running_mean.device, dtype=old.running_mean.dtype)
        new.load_state_dict(old.state_dict())
        new.requires_grad_(False).train(old.training)
        parent, _, child = name.rpartition(".")
        setattr(model.get_submodule(parent), child, new)
    return model


def fine_tuning_groups(model: nn.Module, lr: float, head_lr: float, weight_decay: float) -> list[dict[str, Any]]:
    """Parameter groups of an optimizer: what is frozen in none, the classifier with a rate of its own, no decay on vectors."""
    head = {id(p) for p in model.get_classifier().parameters()}
    groups: dict[tuple[float, float], dict[str, Any]] = {}
    for p in model.parameters():
        if p.requires_grad:
            key = (head_lr if id(p) in head else lr, 0.0 if p.ndim < 2 else weight_decay)
            group = groups.setdefault(key, {"params": [], "lr": key[0], "weight_decay": key[1]})
            group["params"].append(p)
    return list(groups.values())


def fine_tune(model: nn.Module, batches: Iterable[tuple[Tensor, Tensor]], lr: float, head_lr: float) -> list[float]:
    """One pass of SGD over (images, labels); the loss of each step."""
    model.train()
    optimizer = torch.optim.SGD(fine_tuning_groups(model, lr, head_lr, 1e-4), momentum=0.9)
    losses = []
    for images, labels in batches:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    return losses
