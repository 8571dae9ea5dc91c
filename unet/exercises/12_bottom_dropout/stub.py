"""Dropout at the end of the contracting path, in the U-Net of segmentation-models-pytorch."""

from torch import nn


def dropout_at_the_bottom(model: nn.Module, p: float = 0.5) -> nn.Module:
    """Dropout at the end of the contracting path (the paper's section 3). Changes the model and returns it.

    In training mode the last two of the encoder's maps, the deepest skip and the bottom, reach the decoder with dropout.

    Raises:
        ValueError: p is not from 0 up to 1.
    """
    raise NotImplementedError("dropout_at_the_bottom")
