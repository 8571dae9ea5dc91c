"""With a single parameter all is well, and with several the first of them is still right after one step. So ask
what the parameters share. Print every quantity that enters `update` for the second parameter at the first step,
and compare it with the docstring of the class."""

CHANGES = [
    ("        self.t += 1  # once a step, not once a parameter\n", ""),
    ("        b1, b2 = self.betas\n", "        b1, b2 = self.betas\n        self.t += 1\n"),
    ("g = g + self.weight_decay * p ", "g.add_(p, alpha=self.weight_decay) "),
]
