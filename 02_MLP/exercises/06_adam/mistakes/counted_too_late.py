"""The counter is raised after the parameters have moved. At the first step it is then 0, and 1 - beta^0 is zero: a
division by zero. t is 1 at the first step."""

CHANGES = [
    ("        self.t += 1  # once a step, not once a parameter\n", ""),
    (
        "                self.update(name, p, p.grad)\n",
        "                self.update(name, p, p.grad)\n        self.t += 1\n",
    ),
]
