"""The backward pass takes the taps for neighbours, as if d were 1: it is the gradient of another function than the
forward pass. Each tap passes its gradient to the very pixels that it read."""

CHANGES = [("met = met_by(i, j, h, w, stride, dilation)", "met = met_by(i, j, h, w, stride, 1)")]
