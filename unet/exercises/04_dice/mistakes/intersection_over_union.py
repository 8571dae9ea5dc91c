"""The union counts the intersection once, this denominator twice: that is IoU, another measure."""

CHANGES = [("2.0 * (p * y).sum() / (p.sum() + y.sum())", "(p * y).sum() / (p.sum() + y.sum() - (p * y).sum())")]
