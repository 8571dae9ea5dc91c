"""`g` is not a copy: it is `p.grad`. Adding the weight decay in place writes it into the gradient that backward
left there. Whoever clears the gradients before each backward never notices. Whoever adds up several of them, or
reads or logs them after the step, does."""

CHANGES = [("g = g + self.weight_decay * p ", "g.add_(p, alpha=self.weight_decay) ")]
