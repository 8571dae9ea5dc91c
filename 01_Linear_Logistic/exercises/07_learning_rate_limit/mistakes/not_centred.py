"""The features were divided by their standard deviation and kept their means. A common mean is a direction that all
features and the bias share, and the steepest of all; subtract it."""

CHANGES = [("(x - x.mean(axis=0)) / x.std(axis=0)", "x / x.std(axis=0)")]
