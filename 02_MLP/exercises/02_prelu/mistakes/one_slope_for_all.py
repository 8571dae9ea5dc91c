"""The sum runs over the features too, so every slope gets the same gradient. Each unit has a slope of its own, and
only what went through that unit depends on it; the sum is over examples and any other leading axes."""

CHANGES = [
    ("(dy * negative).reshape(-1, dy.shape[-1]).sum(axis=0)", "(dy * negative).sum()"),
]
