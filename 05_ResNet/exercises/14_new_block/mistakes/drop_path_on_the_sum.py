"""Stochastic depth drops the sum, shortcut and all. What is left out at random is the branch: the shortcut must
carry the signal, or a dropped block would erase the image."""

CHANGES = [
    ("            y = self.drop_path(y)", "            pass"),
    ("return self.act2(y + (", "y = y + ("),
    (
        "else self.downsample(x)))",
        "else self.downsample(x))\n        return self.act2(y if self.drop_path is None else self.drop_path(y))",
    ),
]
