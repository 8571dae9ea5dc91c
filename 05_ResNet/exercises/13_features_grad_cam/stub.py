"""What a timm model computes on the way, and Grad-CAM."""

from collections.abc import Iterable, Sequence

from torch import Tensor, nn


def module_outputs(model: nn.Module, x: Tensor, names: Iterable[str]) -> dict[str, Tensor]:
    """What the named modules put out in one forward pass, as it left them. The model itself stays as it is.

    Raises:
        AttributeError: the model has no module of that name.
    """
    raise NotImplementedError("module_outputs")


def stage_outputs(model: nn.Module, x: Tensor) -> dict[str, Tensor]:
    """The stem and the four stages: (B, C, H / 2, W / 2) down to (B, C, H / 32, W / 32)."""
    raise NotImplementedError("stage_outputs")


def grad_cam(model: nn.Module, x: Tensor, target: Sequence[int] | Tensor, layer: str = "layer4") -> Tensor:
    """Where the evidence for class `target[i]` of image i lies (Selvaraju et al. 2017, equations 1 and 2).

    x: (B, 3, H, W). Returns: (B, h, w), zero or more, at the resolution of `layer`. Parameters get no gradients, and
    the model's mode and running statistics stay as they were.
    """
    raise NotImplementedError("grad_cam")
