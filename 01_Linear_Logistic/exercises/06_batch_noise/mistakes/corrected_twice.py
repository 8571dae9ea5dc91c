"""The variance is divided by n - 1 and the correction too. The factor (n - B) / (n - 1) belongs to the variance that
is divided by n: the n examples are all there is, and their mean is not estimated."""

CHANGES = [(".var(axis=0).sum()", ".var(axis=0, ddof=1).sum()")]
