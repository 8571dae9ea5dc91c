"""The gradient of the log-width has only the part from the distance. lambda stands in the second term as well, D
lambda, and each dy passes D through it."""

CHANGES = [("dy * x.shape[1] - scaled * squared", "-scaled * squared")]
