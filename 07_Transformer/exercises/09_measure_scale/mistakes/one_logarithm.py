"""Only the sizes are in logarithms. If values are c times sizes to the power a, both sides must be."""

CHANGES = [
    ("np.polyfit(np.log(sizes), np.log(values), 1)", "np.polyfit(np.log(sizes), values, 1)"),
]
