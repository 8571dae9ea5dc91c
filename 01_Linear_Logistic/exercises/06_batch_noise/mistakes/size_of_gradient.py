"""This is the squared length of the batch's gradient, not its distance from the full gradient. It does not go to zero
for large batches, because the part that all batches agree on is still in it."""

CHANGES = [("each[rows].mean(axis=0) - full", "each[rows].mean(axis=0)")]
