"""The curvature is that of the weights alone. The bias is a parameter too, its feature is the constant 1, and where
features are not centred it makes the steepest direction steeper. Append the column of ones."""

CHANGES = [
    ("x1 = np.column_stack([x, np.ones(len(x))])  # (n, D + 1): the bias is a weight like the others", "x1 = x"),
]
