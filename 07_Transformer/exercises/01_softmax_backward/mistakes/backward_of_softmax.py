"""This is the gradient through softmax, and what was computed is its logarithm. The derivative of log p_j with respect to
x_l has no factor p_j."""

CHANGES = [
    (
        "dlog_p - np.exp(log_p) * dlog_p.sum(axis=-1, keepdims=True)",
        "np.exp(log_p) * (dlog_p - (np.exp(log_p) * dlog_p).sum(axis=-1, keepdims=True))",
    ),
]
