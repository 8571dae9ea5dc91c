"""Changing the U-Net of segmentation-models-pytorch: two modifications that bring it nearer to the paper's.

Written against version 0.6.0. Both take a model as `segmentation_models_pytorch.Unet` makes it, and keep the names that are in
its state_dict. They are the exercises unet.11 and unet.12, whose solutions are taken from here.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional as F


# --8<-- [start:upsampling]
def learned_upsampling(model: nn.Module) -> nn.Module:
    """A 2x2 transposed convolution of stride 2 ahead of every interpolation. Changes the model and returns it.

    It begins by copying each pixel to the four that it becomes, as the interpolation did, so that the outputs stay the same
    until it is trained. The interpolation remains, for skips with an odd side.

    Raises:
        ValueError: a decoder that interpolates in another way than by "nearest".
    """
    decoder: Any = model.decoder
    encoder: Any = model.encoder
    if wrong := {block.interpolation_mode for block in decoder.blocks} - {"nearest"}:
        raise ValueError(f"learned_upsampling begins as 'nearest', and the decoder has {', '.join(sorted(wrong))}")
    skips = [*encoder.out_channels[-2:0:-1], 0]  # the last block has none
    for block, skip in zip(decoder.blocks, skips, strict=True):
        weight = block.conv1[0].weight
        c = weight.shape[1] - skip
        block.upconv = nn.ConvTranspose2d(c, c, 2, stride=2).to(device=weight.device, dtype=weight.dtype)
        with torch.no_grad():
            block.upconv.weight.copy_(torch.eye(c)[:, :, None, None])  # (C, C, 2, 2): each channel to itself
            block.upconv.bias.zero_()  # pyright: ignore[reportOptionalMemberAccess]
        block.register_forward_pre_hook(enlarge)
    return model


def enlarge(block: Any, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """A hook ahead of a decoder block: the map from below, enlarged, and the rest as it was."""
    return (block.upconv(inputs[0]), *inputs[1:])


# --8<-- [end:upsampling]


# --8<-- [start:dropout]
def dropout_at_the_bottom(model: nn.Module, p: float = 0.5) -> nn.Module:
    """Dropout at the end of the contracting path (the paper's section 3). Changes the model and returns it.

    In training mode the last two of the encoder's maps, the deepest skip and the bottom, reach the decoder with dropout.

    Raises:
        ValueError: p is not from 0 up to 1.
    """
    if not 0.0 <= p < 1.0:
        raise ValueError(f"dropout_at_the_bottom needs p from 0 up to 1, got {p}")

    def drop(decoder: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        features = inputs[0]
        # a frozen encoder stays in the mode that it was frozen in, so that the decoder is the one to ask
        return ([*features[:-2], *(F.dropout(x, p, decoder.training) for x in features[-2:])],)

    decoder: Any = model.decoder
    decoder.register_forward_pre_hook(drop)
    return model


# --8<-- [end:dropout]
