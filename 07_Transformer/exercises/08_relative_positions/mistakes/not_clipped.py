"""The distances are not clipped, only folded into the table by the remainder. A word far away then counts as a
neighbour."""

CHANGES = [
    ("np.clip(np.arange(m) - here, -reach, reach) + reach", "(np.arange(m) - here + reach) % (2 * reach + 1)"),
]
