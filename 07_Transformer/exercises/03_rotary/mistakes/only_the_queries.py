"""Only the queries are turned. The score then depends on where the query stands, and not on how far the key is from
it."""

CHANGES = [
    ("np.swapaxes(rotate(k, np.arange(m), base), -1, -2)", "np.swapaxes(k, -1, -2)"),
]
