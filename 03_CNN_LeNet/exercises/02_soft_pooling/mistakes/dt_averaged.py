"""dt is averaged over the windows. One t takes part in all of them, so its gradient is the sum over every image,
map and position, as that of a shared weight is."""

CHANGES = [("float(dt.sum())", "float(dt.mean())")]
