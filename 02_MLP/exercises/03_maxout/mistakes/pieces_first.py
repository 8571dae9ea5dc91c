"""The rows are split as if the first `out` of them were the first piece of every unit. Here the pieces of one unit
stand next to each other: rows j P to j P + P - 1 belong to unit j. A reshape to (..., P, out) has the right size
and mixes up the units."""

CHANGES = [
    (
        "z = z.reshape(*z.shape[:-1], self.out_features, self.pieces)",
        "z = z.reshape(*z.shape[:-1], self.pieces, self.out_features).swapaxes(-1, -2)",
    ),
    ("self.linear.backward(dz.", "self.linear.backward(dz.swapaxes(-1, -2)."),
]
