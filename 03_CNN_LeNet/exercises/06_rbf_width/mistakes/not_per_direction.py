"""The best variance is the mean squared distance from the code, not divided by D. A distance in D directions is the
sum of D squares, and each of them has the variance sigma^2."""

CHANGES = [(".mean() for i in", ".sum(axis=1).mean() for i in")]
