"""The loss falls where p grows in a cell, so the gradient is negative there."""

CHANGES = [("return -(2.0", "return (2.0")]
