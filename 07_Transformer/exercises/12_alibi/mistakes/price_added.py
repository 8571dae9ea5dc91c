"""The price is added. Far keys are then preferred to near ones."""

CHANGES = [
    ("bias = -alibi_slopes", "bias = alibi_slopes"),
]
