"""The path through the variance is there, the one through the mean is not. Adding a constant to a channel does not
change the output, so the gradient of a channel must sum to zero."""

CHANGES = [("(dy - dbias / len(dy) - x_hat", "(dy - x_hat")]
