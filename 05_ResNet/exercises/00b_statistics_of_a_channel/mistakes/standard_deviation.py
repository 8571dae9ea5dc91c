"""This is the standard deviation. The variance is its square, and the layer adds eps to it before it takes the
root."""

CHANGES = [("x.var(", "x.std(")]
