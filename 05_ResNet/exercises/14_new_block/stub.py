"""A block of one's own in timm's ResNet, and a model that `timm.create_model` knows."""

from typing import Any

from timm.models import generate_default_cfgs
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
        raise NotImplementedError("SeparableBlock.__init__")

    def zero_init_last(self) -> None:
        """timm calls this after its own initialisation: the branch begins as zero."""
        raise NotImplementedError("SeparableBlock.zero_init_last")

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, inplanes, H, W). Returns: (B, planes, h, w)"""
        raise NotImplementedError("SeparableBlock.forward")


default_cfgs = generate_default_cfgs(
    {"separable_resnet18.untrained": {"first_conv": "conv1", "classifier": "fc", "pool_size": (7, 7)}}
)


def separable_resnet18(pretrained: bool = False, **kwargs: Any) -> nn.Module:
    """ResNet-18 of separable blocks, known to `timm.create_model` once this module is imported."""
    raise NotImplementedError("separable_resnet18")
