"""The series begins with 1: its exponents run from 0. The first slope is 2 to the power of -8/H."""

CHANGES = [
    ("torch.arange(1, heads + 1)", "torch.arange(heads)"),
]
