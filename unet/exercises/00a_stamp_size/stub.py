"""How large a transposed convolution makes an image."""


def up_size(n: int, k: int, stride: int, padding: int, extra: int) -> int:
    """n: pixels in a row. k: width of the kernel. padding: pixels cut off on each side. extra: pixels kept on the right.

    Returns: the width of the output
    """
    raise NotImplementedError("up_size")
