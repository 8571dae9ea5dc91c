"""The max-pooling is still there: the 3x3 convolution keeps the resolution, and the pooling halves it right after. The
stem had two strides of 2, and both must go."""

CHANGES = [("    model.maxpool = nn.Identity()\n", "")]
