"""What a timm model computes on the way, and Grad-CAM."""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def module_outputs(model: nn.Module, x: Tensor, names: Iterable[str]) -> dict[str, Tensor]:
    """What the named modules put out in one forward pass, as it left them. The model itself stays as it is.

    Raises:
        AttributeError: the model has no module of that name.
    """
    kept: dict[str, Tensor] = {}
    handles = []
    try:
        for name in names:

            def keep(_module: nn.Module, _inputs: tuple, output: Tensor, name: str = name) -> None:
                kept[name] = output.clone()  # the next ReLU or addition works in place, on this very memory

            handles.append(model.get_submodule(name).register_forward_hook(keep))
        model(x)
    finally:
        for handle in handles:
            handle.remove()
    return kept


def stage_outputs(model: nn.Module, x: Tensor) -> dict[str, Tensor]:
    """The stem and the four stages: (B, C, H / 2, W / 2) down to (B, C, H / 32, W / 32)."""
    return module_outputs(model, x, [info["module"] for info in model.feature_info])


def grad_cam(model: nn.Module, x: Tensor, target: Sequence[int] | Tensor, layer: str = "layer4") -> Tensor:
    """Where the evidence for class `target[i]` of image i lies (Selvaraju et al. 2017, equations 1 and 2).

    x: (B, 3, H, W). Returns: (B, h, w), zero or more, at the resolution of `layer`. Parameters get no gradients, and
    the model's mode and running statistics stay as they were.
    """
    kept: list[Tensor] = []

    def cut(_module: nn.Module, _inputs: tuple, output: Tensor) -> Tensor:
        kept.append(output.detach().requires_grad_())  # the graph begins here: nothing below is differentiated
        return kept[0].clone()  # what follows may work in place

    modes = {module: module.training for module in model.modules()}
    handle = model.get_submodule(layer).register_forward_hook(cut)
    try:
        model.eval()  # each image by itself: no batch statistics
        with torch.enable_grad():
            logits = model(x)  # (B, classes)
            scores = logits.gather(1, torch.as_tensor(target, device=x.device)[:, None])  # of the logits, no softmax
            (gradient,) = torch.autograd.grad(scores.sum(), kept[0])  # (B, C, h, w)
    finally:
        handle.remove()
        for module, mode in modes.items():
            module.training = mode
    weights = gradient.mean(dim=(2, 3), keepdim=True)  # (B, C, 1, 1), equation 1
    return F.relu((weights * kept[0].detach()).sum(dim=1))  # (B, h, w), equation 2
