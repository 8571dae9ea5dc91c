"""Dividing the counter by the number of parameters repairs its pace and not its value: within a step the
parameters still see different numbers, and a parameter without a gradient spoils the count. Count where a step
happens: once, in `step`."""

CHANGES = [
    ("        self.t += 1  # once a step, not once a parameter\n", ""),
    ("        b1, b2 = self.betas\n", "        b1, b2 = self.betas\n        self.t += 1 / len(self.params)\n"),
]
