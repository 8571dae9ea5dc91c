"""The sizes of an unpadded U-Net, by arithmetic."""


def label_side(side: int, depth: int) -> int:
    """Pixels of the label map's side for an image of that side.

    Raises:
        ValueError: a pooling would meet an odd side, or no pixel would be left.
    """
    raise NotImplementedError("label_side")
