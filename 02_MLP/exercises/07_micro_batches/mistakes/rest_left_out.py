"""The examples after the last full piece are left out. Each of them belongs to the batch and to its mean; the last
piece is just shorter."""

CHANGES = [
    ("for start in range(0, len(x), size):", "for start in range(0, max(len(x) - size + 1, 1), size):"),
]
