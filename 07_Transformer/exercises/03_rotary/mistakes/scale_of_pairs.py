"""The scores are divided by the root of the number of pairs. A pair is two features, and the sum runs over all d of
them."""

CHANGES = [
    ("/ np.sqrt(q.shape[-1])", "/ np.sqrt(q.shape[-1] // 2)"),
]
