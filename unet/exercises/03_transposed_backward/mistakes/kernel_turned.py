"""The kernel was turned by 180 degrees. The backward pass reads the slice that the same place of the kernel wrote to."""

CHANGES = [("part, weight[:, :, m, n])", "part, weight[:, :, k - 1 - m, k - 1 - n])")]
