"""The gradient of the batch is a sum over its examples, and grows with the batch. The loss is a mean, so that a batch
of any size estimates the same gradient; only then can its distance from the full one be called noise."""

CHANGES = [("each[rows].mean(axis=0)", "each[rows].sum(axis=0)")]
