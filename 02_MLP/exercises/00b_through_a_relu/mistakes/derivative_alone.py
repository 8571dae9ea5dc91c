"""This is the derivative of the ReLU by itself. By the chain rule it multiplies the gradient that came back, dy."""

CHANGES = [("dy * (x > 0)", "1.0 * (x > 0)")]
