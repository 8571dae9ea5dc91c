"""The gradient of the keys and values goes round the normalisation. They were computed from normalised rows like the
queries."""

CHANGES = [
    ("dx + self.norm1.backward(dqueries + dkeys)", "dx + dkeys + self.norm1.backward(dqueries)"),
]
