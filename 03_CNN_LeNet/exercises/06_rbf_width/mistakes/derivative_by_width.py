"""This is the derivative with respect to sigma. Asked is the one with respect to its logarithm: sigma =
exp(lambda), so the chain rule brings another factor sigma."""

CHANGES = [
    (
        "(dy * x.shape[1] - scaled * squared).sum(axis=0)",
        "(dy * x.shape[1] - scaled * squared).sum(axis=0) * np.exp(-log_width)",
    ),
]
