"""The default of momentum was set to 0.9 instead. The layer then behaves, but everybody who passes torch's momentum
gets the opposite of what it means; and a loaded setting of 0.1 is wrong again."""

CHANGES = [
    ("momentum: float = 0.1", "momentum: float = 0.9"),
    ("n, keep = len(x), 1.0 - self.momentum", "n, keep = len(x), self.momentum"),
]
