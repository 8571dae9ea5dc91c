"""The weights are right, but the state holds something else than the change that was made last. It should be
exactly what was added to the parameter, with its sign and its learning rate."""

CHANGES = [
    ("change *= self.alpha\n        change -= self.lr * g", "change *= -self.alpha\n        change -= self.lr * g"),
    ("p += change", "p += change\n        change *= -1.0"),
]
