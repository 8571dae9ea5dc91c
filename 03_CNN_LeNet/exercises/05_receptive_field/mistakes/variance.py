"""This is the variance. Its unit is a squared pixel; the spread is its square root. For `growth` that doubles the
exponent."""

CHANGES = [("float(np.sqrt((p * (rows - mean) ** 2).sum()))", "float((p * (rows - mean) ** 2).sum())")]
