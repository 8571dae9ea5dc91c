"""The padding was added, as in a convolution. What a convolution adds to its input, its transpose cuts off its output."""

CHANGES = [("- 2 * padding", "+ 2 * padding")]
