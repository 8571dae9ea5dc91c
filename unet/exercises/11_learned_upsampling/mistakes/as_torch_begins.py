"""The transposed convolution was left as torch initialises it, which spoils a trained network. The new layer has to begin
as the copying that it replaces."""

CHANGES = [("            block.upconv.weight.copy_(torch.eye(c)[:, :, None, None])", "            pass")]
