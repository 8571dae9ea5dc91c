"""alpha also multiplies the new gradient, as if the gradient were added to the memory before the memory is shrunk.
In equation 9 alpha stands before the *previous* change alone; today's gradient counts in full."""

CHANGES = [
    ("change *= self.alpha\n        change -= self.lr * g", "change -= self.lr * g\n        change *= self.alpha"),
]
