"""The sizes of an unpadded U-Net, by arithmetic."""


def label_side(side: int, depth: int) -> int:
    """Pixels of the label map's side for an image of that side.

    Raises:
        ValueError: a pooling would meet an odd side, or no pixel would be left.
    """
    for _ in range(depth):
        side -= 4
        if side < 2 or side % 2:
            raise ValueError("a pooling meets an odd side")
        side //= 2
    side -= 4
    for _ in range(depth):
        side = 2 * side - 4
    if side < 1:
        raise ValueError("no pixel is left")
    return side
