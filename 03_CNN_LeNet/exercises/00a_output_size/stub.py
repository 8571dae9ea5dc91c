"""At how many places a kernel stops."""


def output_size(n: int, k: int, stride: int, padding: int) -> int:
    """n: pixels in a row. k: width of the kernel. padding: zeros on each side. Returns: the width of the output"""
    raise NotImplementedError("output_size")
