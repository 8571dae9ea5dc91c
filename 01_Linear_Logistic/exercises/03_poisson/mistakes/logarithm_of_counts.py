"""The weights are the least squares of log(1 + count). That fits the mean of a logarithm, while the model wants the
logarithm of the mean; the two differ, most of all where counts are small. The minimum is where the gradient of
PoissonLoss is zero."""

CHANGES = [
    ("    for _ in range(50):", "    w = np.linalg.lstsq(x1, np.log1p(counts), rcond=None)[0]\n    for _ in range(0):"),
]
