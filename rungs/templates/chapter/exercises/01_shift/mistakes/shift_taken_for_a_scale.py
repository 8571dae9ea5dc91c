"""The gradient of the shift has the factor x, as the one of the scale. A shift is added, not multiplied: its derivative is
1 whatever the input is."""

CHANGES = [("dy.sum(axis=0)", "(dy * x).sum(axis=0)")]
