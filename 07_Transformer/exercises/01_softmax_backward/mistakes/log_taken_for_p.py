"""The logarithms stand where the probabilities belong. The derivative of the logarithm of the denominator is a
probability."""

CHANGES = [
    ("np.exp(log_p) * dlog_p.sum", "log_p * dlog_p.sum"),
]
