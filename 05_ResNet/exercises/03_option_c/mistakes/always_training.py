"""The projection's normalisation does not get the mode: it uses and changes the statistics of the batch in evaluation
too."""

CHANGES = [("self.shortcut_bn.forward(self.shortcut_conv.forward(x), training)", "self.shortcut_bn.forward(self.shortcut_conv.forward(x))")]  # fmt: skip  # noqa: E501
