"""The gradient is that of the sum over the examples. The loss is their mean, so every example's share carries the
factor 1 / n. Nothing else in the shapes reminds you of it."""

CHANGES = [("dlogits[:, 1:] / n", "dlogits[:, 1:]")]
