"""The sums are added as they are. Each was taken relative to the top of its own part; before they can be added they
must refer to the same top."""

CHANGES = [
    ("a[1] * old_a + b[1] * old_b, a[2] * old_a + b[2] * old_b", "a[1] + b[1], a[2] + b[2]"),
]
