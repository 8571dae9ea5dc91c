"""The new layer has the default epsilon, and the old one had its own. A layer that takes the place of another must
take over all its settings, not the weights alone."""

CHANGES = [
    (
        "FrozenBatchNorm2d(old.num_features, old.eps, old.momentum,",
        "FrozenBatchNorm2d(old.num_features, 1e-5, old.momentum,",
    ),
]
