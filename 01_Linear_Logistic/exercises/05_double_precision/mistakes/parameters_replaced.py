"""The step puts a new tensor into the dictionary. Whoever holds the old one (a model, another optimizer) keeps the old
numbers. The update is in place."""

CHANGES = [
    ("param -= self.lr * param.grad", "self.params[name] = (param - self.lr * param.grad).requires_grad_()"),
]
