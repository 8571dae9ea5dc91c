"""Changing timm's ResNet: five modifications, each the way the library is meant to be changed.

Written against timm 1.0.31. Every function takes a model as `timm.create_model` gives it. The same five tasks are the
exercises 05.11 to 05.15, whose solutions are taken from here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import timm
import torch
from timm.models import build_model_with_cfg, generate_default_cfgs, register_model
from timm.models.resnet import ResNet
from torch import Tensor, nn
from torch.nn import functional as F


# --8<-- [start:stem]
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
    for info in model.feature_info:  # pyright: ignore[reportGeneralTypeIssues]
        info["reduction"] = max(1, info["reduction"] // saved)
    model.pretrained_cfg.update(input_size=(old.in_channels, size, size), pool_size=(size // 8, size // 8))  # pyright: ignore
    return model


# --8<-- [end:stem]


# --8<-- [start:pool]
class GeMPool(nn.Module):
    """Generalised mean of each feature map, (mean of x^p)^(1/p) with a learned p (Radenović et al. 2018, equation 3).

    p = 1 is the average, and p to infinity the maximum. Inputs below `eps` count as `eps`.
    """

    pool_type = "gem"  # timm's `reset_classifier` reads it, and refuses a type that it cannot build

    def __init__(self, p: float = 3.0, eps: float = 1e-6) -> None:
        super().__init__()
        self.p = nn.Parameter(torch.tensor([p]))  # one dimension: no weight decay by the usual rule
        self.eps = eps

    def feat_mult(self) -> int:
        """How many features come out for each channel."""
        return 1

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, C, H, W). Returns: (B, C)"""
        x = x.clamp(min=self.eps)
        top = x.detach().amax(dim=(2, 3), keepdim=True)  # x / top is at most 1, so that no power overflows; top cancels
        return ((x / top).pow(self.p).mean(dim=(2, 3)).pow(1 / self.p)) * top[:, :, 0, 0]


def gem_head(model: nn.Module, num_classes: int, p: float = 3.0) -> nn.Module:
    """A new classifier behind generalised-mean pooling. Changes the model and returns it."""
    model.reset_classifier(num_classes, "avg")  # pyright: ignore[reportCallIssue]
    weight: Tensor = next(model.parameters())
    model.global_pool = GeMPool(p).to(device=weight.device, dtype=weight.dtype)
    return model


# --8<-- [end:pool]


# --8<-- [start:features]
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
    return module_outputs(model, x, [info["module"] for info in model.feature_info])  # pyright: ignore


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


# --8<-- [end:features]


# --8<-- [start:block]
class SeparableBlock(nn.Module):
    """A residual block whose 3x3 convolutions are depthwise, each followed by a 1x1 convolution (Chollet 2017).

    The signature is the one that timm's `make_blocks` calls. An argument that means nothing here is refused.
    """

    expansion = 1

    def __init__(
        self,
        inplanes: int,
        planes: int,
        stride: int = 1,
        downsample: nn.Module | None = None,
        cardinality: int = 1,
        base_width: int = 64,
        reduce_first: int = 1,
        dilation: int = 1,
        first_dilation: int | None = None,
        act_layer: type[nn.Module] = nn.ReLU,
        norm_layer: type[nn.Module] = nn.BatchNorm2d,
        aa_layer: type[nn.Module] | None = None,
        drop_block: Any = None,
        drop_path: nn.Module | None = None,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if (cardinality, base_width, reduce_first, aa_layer, drop_block) != (1, 64, 1, None, None):
            raise ValueError("SeparableBlock has no cardinality, base_width, reduce_first, aa_layer and drop_block")
        where = {"device": device, "dtype": dtype}
        first = first_dilation or dilation
        self.conv1_dw = nn.Conv2d(
            inplanes, inplanes, 3, stride=stride, padding=first, dilation=first, groups=inplanes, bias=False, **where
        )
        self.conv1_pw = nn.Conv2d(inplanes, planes, 1, bias=False, **where)
        self.bn1 = norm_layer(planes, **where)
        self.act1 = act_layer(inplace=True)
        self.conv2_dw = nn.Conv2d(
            planes, planes, 3, padding=dilation, dilation=dilation, groups=planes, bias=False, **where
        )
        self.conv2_pw = nn.Conv2d(planes, planes, 1, bias=False, **where)
        self.bn2 = norm_layer(planes, **where)
        self.act2 = act_layer(inplace=True)
        self.downsample = downsample
        self.drop_path = drop_path

    def zero_init_last(self) -> None:
        """timm calls this after its own initialisation: the branch begins as zero."""
        nn.init.zeros_(self.bn2.weight)  # pyright: ignore[reportArgumentType]

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, inplanes, H, W). Returns: (B, planes, h, w)"""
        y = self.act1(self.bn1(self.conv1_pw(self.conv1_dw(x))))  # (B, planes, h, w)
        y = self.bn2(self.conv2_pw(self.conv2_dw(y)))
        if self.drop_path is not None:
            y = self.drop_path(y)  # the branch is dropped, never the shortcut
        return self.act2(y + (x if self.downsample is None else self.downsample(x)))


default_cfgs = generate_default_cfgs(
    {"separable_resnet18.untrained": {"first_conv": "conv1", "classifier": "fc", "pool_size": (7, 7)}}
)


@register_model
def separable_resnet18(pretrained: bool = False, **kwargs: Any) -> nn.Module:
    """ResNet-18 of separable blocks, known to `timm.create_model` once this module is imported."""
    settings = {"block": SeparableBlock, "layers": (2, 2, 2, 2), **kwargs}
    return build_model_with_cfg(ResNet, "separable_resnet18", pretrained, **settings)


# --8<-- [end:block]


# --8<-- [start:freeze]
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
        new = new.to(device=old.running_mean.device, dtype=old.running_mean.dtype)  # pyright: ignore
        new.load_state_dict(old.state_dict())
        new.requires_grad_(False).train(old.training)
        parent, _, child = name.rpartition(".")
        setattr(model.get_submodule(parent), child, new)
    return model


def fine_tuning_groups(model: nn.Module, lr: float, head_lr: float, weight_decay: float) -> list[dict[str, Any]]:
    """Parameter groups of an optimizer: what is frozen in none, the classifier with a rate of its own, no decay on vectors."""
    head = {id(p) for p in model.get_classifier().parameters()}  # pyright: ignore[reportCallIssue]
    groups: dict[tuple[float, float], dict[str, Any]] = {}
    for p in model.parameters():
        if p.requires_grad:
            key = (head_lr if id(p) in head else lr, 0.0 if p.ndim < 2 else weight_decay)
            group = groups.setdefault(key, {"params": [], "lr": key[0], "weight_decay": key[1]})
            group["params"].append(p)
    return list(groups.values())


# --8<-- [end:freeze]


def small_resnet(num_classes: int = 5, **settings: Any) -> nn.Module:
    """A narrow timm ResNet-10, for tests and figures: everything of the large ones, in a few milliseconds."""
    from timm.models.resnet import BasicBlock

    made: dict[str, Any] = {"layers": (1, 1, 1, 1), "channels": (8, 16, 24, 40), "block": BasicBlock, **settings}
    return timm.create_model("resnet18", num_classes=num_classes, **made)
