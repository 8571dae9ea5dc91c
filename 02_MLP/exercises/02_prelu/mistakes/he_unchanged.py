"""This is He's scale for a ReLU, for which nothing of the negative half survives. A PReLU lets some of it through,
so the weights may be smaller; at a slope of 1 the unit is linear, and the variance is 1 / fan_in."""

CHANGES = [("2.0 / ((1.0 + slope**2) * fan_in)", "2.0 / fan_in")]
