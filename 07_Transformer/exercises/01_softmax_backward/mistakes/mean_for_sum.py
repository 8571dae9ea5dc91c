"""The gradients of a row are averaged. Every log p of the row contains the same logarithm of the denominator, and each
sends its share back: they add up."""

CHANGES = [
    ("dlog_p.sum(axis=-1, keepdims=True)", "dlog_p.mean(axis=-1, keepdims=True)"),
]
