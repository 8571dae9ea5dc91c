"""The derivative is that of a factor on the scores. The temperature divides, and the derivative of 1 / t is not 1."""

CHANGES = [
    ("float(-(dscores * x).sum() / temperature**2)", "float((dscores * x).sum())"),
]
