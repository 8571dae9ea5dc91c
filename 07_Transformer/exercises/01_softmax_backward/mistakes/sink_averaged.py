"""The gradient of the sink is averaged over the rows. The one number acts on every row, and the rows' gradients add up."""

CHANGES = [
    ("float(-(sink_p * mean).sum())", "float(-(sink_p * mean).mean())"),
]
