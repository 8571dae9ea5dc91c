"""Small and negative values are not raised to eps. A power of a negative number with a broken exponent is not a number, and a
map of zeros divides zero by zero."""

CHANGES = [("x = x.clamp(min=self.eps)", "x = x + 0.0")]
