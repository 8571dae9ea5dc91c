"""The convolutions come first and the normalisations behind them: the order of the chapter's block without its last
ReLU."""

CHANGES = [
    ("self.conv1.forward(self.relu1.forward(self.bn1.forward(x, training)))", "self.relu1.forward(self.bn1.forward(self.conv1.forward(x), training))"),  # noqa: E501
    ("self.conv2.forward(self.relu2.forward(self.bn2.forward(y, training)))", "self.bn2.forward(self.conv2.forward(y), training)"),  # noqa: E501
    ("self.bn2.backward(self.relu2.backward(self.conv2.backward(dy)))", "self.conv2.backward(self.bn2.backward(dy))"),
    ("self.bn1.backward(self.relu1.backward(self.conv1.backward(d)))", "self.conv1.backward(self.bn1.backward(self.relu1.backward(d)))"),  # noqa: E501
]  # fmt: skip
