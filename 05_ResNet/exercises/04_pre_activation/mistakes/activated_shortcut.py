"""The shortcut begins behind the first normalisation and ReLU. Then it carries activated values, and is no identity;
the new order leaves x itself untouched."""

CHANGES = [
    (
        "        y = self.conv1.forward(self.relu1.forward(self.bn1.forward(x, training)))\n",
        "        x = self.relu1.forward(self.bn1.forward(x, training))\n        y = self.conv1.forward(x)\n",
    ),
    (
        "        d = self.bn1.backward(self.relu1.backward(self.conv1.backward(d)))\n        return dy + d",
        "        d = self.conv1.backward(d)\n        return self.bn1.backward(self.relu1.backward(dy + d))",
    ),
]
