"""The derivative of x / t with respect to t has t in the denominator twice. One of the two is missing."""

CHANGES = [
    ("/ temperature**2)", "/ temperature)"),
]
