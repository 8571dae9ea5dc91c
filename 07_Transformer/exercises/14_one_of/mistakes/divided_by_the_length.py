"""The scores are divided by the length, as is the default. Long answers are then preferred to more probable short
ones."""

CHANGES = [
    (("        length_penalty=0.0,  # compare probabilities; the default would divide by the length\n"), ""),
]
