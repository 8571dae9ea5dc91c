"""The probabilities are divided by their sum before the gradient is taken, as if the row had to sum to 1. What the sink
takes is part of the denominator like any other score."""

CHANGES = [
    ("    mean = (p * dp)", "    p = p / p.sum(axis=-1, keepdims=True)\n    mean = (p * dp)"),
]
