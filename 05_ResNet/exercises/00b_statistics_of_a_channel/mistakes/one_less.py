"""The variance was divided by one less than the number of values. That estimates the variance of a population; the
layer uses that of the batch it has."""

CHANGES = [("x.var(axis=(0, 2, 3))", "x.var(axis=(0, 2, 3), ddof=1)")]
