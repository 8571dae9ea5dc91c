"""The variance is measured, mean subtracted. The output of a ReLU is never negative and has a mean far from zero,
and the next layer sees the mean as well: what its weights multiply is the mean square. This is the step by which
He's derivation differs from Glorot's."""

CHANGES = [
    (
        "x = np.maximum(x @ init((width, width), rng=rng).T, 0.0)\n        found.append((x**2).mean())",
        "x = np.maximum(x @ init((width, width), rng=rng).T, 0.0)\n        found.append(x.var())",
    ),
    ("(y**2).mean() / (x**2).mean()", "y.var() / x.var()"),
]
