"""The running variance takes a tenth of each batch, whatever the momentum: right for the default, and for no
other. Both statistics follow the same rule."""

CHANGES = [
    (
        "self.running_var = keep * self.running_var + (1.0 - keep) * var",
        "self.running_var = 0.9 * self.running_var + 0.1 * var",
    ),
]
