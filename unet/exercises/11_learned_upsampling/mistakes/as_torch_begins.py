"""The transposed convolution was left as torch initialises it. A trained network is spoilt by that; the new layer has to begin as
the copying that it replaces."""

CHANGES = [("            block.upconv.weight.copy_(torch.eye(c)[:, :, None, None])", "            pass")]
