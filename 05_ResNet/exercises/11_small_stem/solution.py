"""A stem for small images, in a timm ResNet."""

from typing import Any

import torch
from torch import nn


def small_image_stem(model: nn.Module, size: int = 32) -> nn.Module:
    """A stem for small images: a 3x3 convolution of stride 1 and no pooling. Changes the model and returns it.

    The 7x7 kernel keeps its central 3x3 values. What the model says of itself follows: the reductions in
    `feature_info`, and the input size that the data pipeline asks for.

    Raises:
        ValueError: the stem is not a single convolution.
    """
    old: Any = model.conv1
    if not isinstance(old, nn.Conv2d):
        raise ValueError(f"small_image_stem expected conv1 to be a Conv2d, got {type(old).__name__}: a deep stem")
    new = nn.Conv2d(old.in_channels, old.out_channels, 3, padding=1, bias=False)
    new = new.to(device=old.weight.device, dtype=old.weight.dtype)
    edge = (old.kernel_size[0] - 3) // 2
    with torch.no_grad():
        new.weight.copy_(old.weight[:, :, edge : edge + 3, edge : edge + 3])
    model.conv1 = new
    model.maxpool = nn.Identity()
    saved = 4  # the two strides of 2 that are gone
    for info in model.feature_info:
        info["reduction"] = max(1, info["reduction"] // saved)
    model.pretrained_cfg.update(input_size=(old.in_channels, size, size), pool_size=(size // 8, size // 8))
    return model
