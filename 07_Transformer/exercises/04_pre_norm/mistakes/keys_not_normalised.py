"""Only the queries are normalised. Keys and values come from the same rows and are part of the same sub-layer."""

CHANGES = [
    ("self.attention.forward(normed, normed, mask)", "self.attention.forward(normed, x, mask)"),
]
