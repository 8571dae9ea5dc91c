"""The weights are shrunk directly and the gradient has no decay in it. That is AdamW. This class is Adam with
*coupled* decay: the decay is part of the gradient, and is divided by the root of v with the rest."""

CHANGES = [
    ("g = g + self.weight_decay * p ", "p.mul_(1.0 - self.lr * self.weight_decay) "),
]
