"""The totals are moved to the new top, and the mixtures of values are not. Both are sums of the same exponentials."""

CHANGES = [
    ("a[2] * old_a + b[2] * old_b", "a[2] + b[2]"),
]
