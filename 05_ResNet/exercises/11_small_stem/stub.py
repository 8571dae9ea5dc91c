"""A stem for small images, in a timm ResNet."""

from torch import nn


def small_image_stem(model: nn.Module, size: int = 32) -> nn.Module:
    """A stem for small images: a 3x3 convolution of stride 1 and no pooling. Changes the model and returns it.

    The 7x7 kernel keeps its central 3x3 values. What the model says of itself follows: the reductions in
    `feature_info`, and the input size that the data pipeline asks for.

    Raises:
        ValueError: the stem is not a single convolution.
    """
    raise NotImplementedError("small_image_stem")
