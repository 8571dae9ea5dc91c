"""A pixel made k^2 numbers of the output, and its gradient is the sum over all of them, not the last."""

CHANGES = [("            dx += ", "            dx = ")]
