"""The variance of the scores is measured. It is the square of the standard deviation, and its exponent is twice as
large."""

CHANGES = [
    ("float(scores.std())", "float(scores.var())"),
]
