"""The second piece is the negative of the first, and max(z, -z) is the absolute value of z. A ReLU is the larger
of z and something that does not depend on the input at all."""

CHANGES = [
    (
        "wide[::2], long[::2] = weight, bias",
        "wide[::2], long[::2] = weight, bias\n    wide[1::2], long[1::2] = -weight, -bias",
    )
]
