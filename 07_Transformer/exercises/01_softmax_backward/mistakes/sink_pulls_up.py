"""The gradient of the sink has the wrong sign. A larger sink makes all other probabilities smaller."""

CHANGES = [
    ("float(-(sink_p * mean).sum())", "float((sink_p * mean).sum())"),
]
