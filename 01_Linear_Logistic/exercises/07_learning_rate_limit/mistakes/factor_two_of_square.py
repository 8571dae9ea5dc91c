"""The 2 of the square is missing from the curvature. The second derivative of (p - t)^2 is 2, and the limit is 2
divided by the largest second derivative: two different twos."""

CHANGES = [("2.0 / y.size * x1.T @ x1", "1.0 / y.size * x1.T @ x1")]
