"""step still passes over a parameter that has no gradient. That silence is what hid the fault: half of the model
trained, and the loss fell. A parameter without a gradient is always a mistake of somebody; say which parameter it
is."""

CHANGES = [
    (
        'raise RuntimeError(f"parameter {name} has no gradient: is it a leaf, and does the loss depend on it?")',
        "continue",
    )
]
