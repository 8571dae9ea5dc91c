"""The stride and the dilation have changed places. The stride is the step from one output to the next; the dilation
is the step from one tap of the kernel to the next. Which of them multiplies the output's position, and which the
tap's?"""

CHANGES = [
    ("top, left = dilation * i, dilation * j", "top, left = stride * i, stride * j"),
    (
        "slice(top, top + stride * h, stride), slice(left, left + stride * w, stride)",
        "slice(top, top + dilation * h, dilation), slice(left, left + dilation * w, dilation)",
    ),
]
