"""The squared error is divided by the number of examples alone. The mean is over all elements, n times k of them;
the two agree only for a single target, which is why the checker uses several."""

CHANGES = [("2 * residual / residual.size", "2 * residual / len(x)")]
