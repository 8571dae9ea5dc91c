"""The mean square of the negative half is multiplied by the slope itself. It is a mean of squares, so the slope
enters squared: a half of the signal passes whole, and the other half with a squared."""

CHANGES = [("(1.0 + slope**2)", "(1.0 + slope)")]
