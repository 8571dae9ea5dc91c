"""The exponent 2 comes down as a factor when a square is differentiated. It cancels only against a loss that is
defined with a 1/2 in front."""

CHANGES = [("2.0 * ", "")]
