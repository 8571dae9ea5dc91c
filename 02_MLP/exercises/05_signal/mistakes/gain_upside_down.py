"""This measures what the activation leaves of the signal. The gain is what the weights need to make up for it: the
inverse."""

CHANGES = [("1.0 / np.sqrt((f(", "np.sqrt((f(")]
