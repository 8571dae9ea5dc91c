"""The gradient enters with the factor 1 - alpha, which makes the memory a running mean, as Adam's first moment is.
Equation 9 is a running *sum*: with equal gradients the steps grow, and that is what momentum is for."""

CHANGES = [("change -= self.lr * g", "change -= (1.0 - self.alpha) * self.lr * g")]
