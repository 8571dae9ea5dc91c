"""The mean of f is subtracted. For tanh it is zero and nothing happens, but ReLU, GELU and SiLU have outputs with
a positive mean, and the next layer's weights multiply the mean as well: take the mean square."""

CHANGES = [("(f(rng.normal(size=100_000)) ** 2).mean()", "f(rng.normal(size=1_000_000)).var()")]
