"""This is the logarithm of the variance. The width is its square root, so its logarithm is half of that."""

CHANGES = [("0.5 * np.log(variance)", "np.log(variance)")]
