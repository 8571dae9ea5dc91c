"""The kernel is turned in the forward pass. The input's gradient now belongs to it, but the layer has become
another one: the chapter's formula has p + i, and the gradient of the weight still belongs to that."""

CHANGES = [
    ("turned = self.weight[:, :, ::-1, ::-1]", "turned = self.weight"),
    ("return correlate(x, self.weight) + ", "return correlate(x, self.weight[:, :, ::-1, ::-1]) + "),
]
