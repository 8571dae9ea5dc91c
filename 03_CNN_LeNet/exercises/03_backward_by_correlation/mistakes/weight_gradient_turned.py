"""The gradient of the weight is turned now. It was right: a single layer learned with it. Forward and the gradient
of the weight both move along with the pixels, p + i; only the way back from y to x runs against them."""

CHANGES = [
    ("turned = self.weight[:, :, ::-1, ::-1]", "turned = self.weight"),
    ("return dw.transpose(1, 0, 2, 3)", "return dw.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1]"),
]
