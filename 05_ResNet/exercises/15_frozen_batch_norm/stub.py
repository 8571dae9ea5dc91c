"""Fine-tuning with frozen batch normalisation."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def freeze_batch_norm(model: nn.Module) -> nn.Module:
    """Let every nn.BatchNorm2d inside `model` use its running statistics, and keep them and its parameters as they are.

    Changes the model and returns it.

    Raises:
        TypeError: a normalisation of another class; nothing has been changed then.
    """
    found = [(name, m) for name, m in model.named_modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    for name, module in found:
        if type(module) is not nn.BatchNorm2d:
            raise TypeError(f"freeze_batch_norm expected nn.BatchNorm2d, and {name} is a {type(module).__name__}")
    for _, module in found:
        module.requires_grad_(False)
        module.eval()
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
