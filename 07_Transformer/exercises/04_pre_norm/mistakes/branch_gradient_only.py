"""The gradient of the sum goes into the branch alone. The sum hands it to both of its terms, and the plain one is what
this order is for."""

CHANGES = [
    ("dx = dy + self.norm2.backward", "dx = self.norm2.backward"),
    ("return dx + self.norm1.backward(", "return self.norm1.backward("),
]
