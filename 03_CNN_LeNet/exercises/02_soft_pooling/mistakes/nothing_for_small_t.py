"""For a small t the gradient of t was set to zero, since the pooling is the mean there. But the mean is only its value: y moves
away from the mean at a rate of half the variance of the window, so a t that starts small can still learn."""

CHANGES = [
    ("    return dx, float(dt.sum())", "    return dx, float(dt.sum()) if t > 1e-2 else 0.0"),
]
