"""The second piece has a zero weight but not a zero bias: the unit is then the larger of z and the bias. The floor
of a ReLU is 0."""

CHANGES = [
    ("wide[::2], long[::2] = weight, bias", "wide[::2], long[::2] = weight, bias\n    long[1::2] = bias"),
]
