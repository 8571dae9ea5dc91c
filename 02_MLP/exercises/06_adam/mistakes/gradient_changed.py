"""The parameters are right, but the gradients are no longer what `backward` left there. Which line of `update`
writes to a tensor that does not belong to the optimizer? Whoever clears the gradients before each `backward` never
notices."""

CHANGES = [("g = g + self.weight_decay * p ", "g.add_(p, alpha=self.weight_decay) ")]
