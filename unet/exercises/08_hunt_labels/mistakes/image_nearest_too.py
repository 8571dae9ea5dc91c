"""The image lost its interpolation as well. Grey values are amounts and may be interpolated."""

CHANGES = [("order=1", "order=0")]
