"""The curvature was divided by the number of examples. The loss is the mean over all n K elements of y, so with K
targets every curvature is K times smaller and the limit K times larger."""

CHANGES = [("2.0 / y.size * x1.T @ x1", "2.0 / len(y) * x1.T @ x1")]
