"""The weight went into the logarithm. There it only adds a constant, log w, and the gradient does not see it."""

CHANGES = [("weights * np.log(p)", "np.log(weights * p)")]
