"""A query that saw no key is divided by its total, which is zero. The output is defined as zero there."""

CHANGES = [
    ("mixed / np.where(total == 0, 1.0, total)", "mixed / total"),
]
