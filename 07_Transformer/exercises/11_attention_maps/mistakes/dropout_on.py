"""The model stays in the mode in which it was. In training weights are dropped at random, and the rows do not sum to
one."""

CHANGES = [
    ("        model.eval()\n", ""),
]
