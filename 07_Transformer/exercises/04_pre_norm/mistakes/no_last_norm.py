"""The stack ends with a sum. Nothing has normalised the stream, whose size grows with every layer."""

CHANGES = [
    ("        return self.norm.forward(x)", "        self.norm.forward(x)\n        return x"),
]
