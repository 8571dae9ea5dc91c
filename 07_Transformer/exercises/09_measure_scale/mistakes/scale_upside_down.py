"""The switch is upside down: the scale is used where it should not be."""

CHANGES = [
    ("d_k**-0.5 if scaled else 1.0", "1.0 if scaled else d_k**-0.5"),
]
