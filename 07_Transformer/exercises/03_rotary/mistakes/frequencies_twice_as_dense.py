"""The exponent counts pairs where it should count features: it runs only half as far, and the slowest pair turns a
hundred times faster than it should."""

CHANGES = [
    ("(-np.arange(0, width, 2) / width)", "(-np.arange(width // 2) / width)"),
]
