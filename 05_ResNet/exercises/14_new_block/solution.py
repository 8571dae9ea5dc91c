"""A block of one's own in timm's ResNet, and a model that `timm.create_model` knows."""

from typing import Any

from timm.models import build_model_with_cfg, generate_default_cfgs, register_model
from timm.models.resnet import ResNet
from torch import Tensor, nn


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
        nn.init.zeros_(self.bn2.weight)

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
