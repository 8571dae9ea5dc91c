"""The shortcut gets the gradient as it came in, from before the last ReLU's mask. The ReLU stands behind the
addition: what it blocked reaches neither the branch nor the shortcut."""

CHANGES = [
    ("        dy = self.relu_out.backward(dy)\n", "        dsum, dy = dy, self.relu_out.backward(dy)\n"),
    ("self.shortcut_bn.backward(dy)", "self.shortcut_bn.backward(dsum)"),
]
