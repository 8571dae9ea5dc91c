"""The zeros stand in a block after the given rows. But rows 2 j and 2 j + 1 are the pieces of unit j: so the first
units take the larger of two given rows, and the last ones are constantly zero. Each given row needs its zero row
beside it."""

CHANGES = [
    ("wide[::2], long[::2] = weight, bias", "wide[: len(weight)], long[: len(bias)] = weight, bias"),
]
