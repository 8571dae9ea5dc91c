"""Learned up-sampling, in the U-Net of segmentation-models-pytorch."""

from torch import nn


def learned_upsampling(model: nn.Module) -> nn.Module:
    """A 2x2 transposed convolution of stride 2 ahead of every interpolation. Changes the model and returns it.

    It begins by copying each pixel to the four that it becomes, as the interpolation did, so that the outputs stay the same
    until it is trained. The interpolation remains, for skips with an odd side.

    Raises:
        ValueError: a decoder that interpolates in another way than by "nearest".
    """
    raise NotImplementedError("learned_upsampling")
