"""The gradient of keys and values is dropped. In self-attention the same rows are queries, keys and values, and all
three send a gradient."""

CHANGES = [
    ("self.norm1.backward(dqueries + dkeys)", "self.norm1.backward(dqueries)"),
]
