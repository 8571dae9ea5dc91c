"""The kernels stay 3x3 without holes. With `output_stride=8` timm takes the strides of the late stages away and
dilates in their place; a block that ignores it sees a smaller part of the image than the same block trained with
strides."""

CHANGES = [
    ("padding=first, dilation=first", "padding=1"),
    ("padding=dilation, dilation=dilation", "padding=1"),
]
