"""The gradient is that of the probability. It contains p (1 - p) and the logits of all other classes, and it
vanishes where the model is sure: the map of a well recognised object would be noise."""

CHANGES = [
    ("logits = model(x)", "logits = model(x).softmax(dim=1)"),
]
