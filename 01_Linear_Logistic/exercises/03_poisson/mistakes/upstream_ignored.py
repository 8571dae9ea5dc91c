"""The gradient does not depend on dy. When the loss is only one term of a larger one, dy is its factor, and
everything that backward returns is multiplied by it."""

CHANGES = [("dy / self.counts.size", "1.0 / self.counts.size")]
