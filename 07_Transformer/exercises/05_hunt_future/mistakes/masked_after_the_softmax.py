"""The mask multiplies weights that are finished. They were divided by a sum over all keys, the hidden ones included:
the future is in the denominator."""

CHANGES = [
    ("softmax(np.where(mask, scores, -np.inf))", "softmax(scores) * mask"),
]
