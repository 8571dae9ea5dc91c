"""The biases were counted at the wrong end. A layer adds its bias to its outputs, so it has as many as outputs."""

CHANGES = [("(sizes[i - 1] + 1) * sizes[i]", "sizes[i - 1] * (sizes[i] + 1)")]
