"""This is the factor on the variance, g squared. The gain multiplies the standard deviation: for a ReLU it is the
root of 2, not 2."""

CHANGES = [
    ("1.0 / np.sqrt((f(rng.normal(size=100_000)) ** 2).mean())", "1.0 / (f(rng.normal(size=1_000_000)) ** 2).mean()")
]
