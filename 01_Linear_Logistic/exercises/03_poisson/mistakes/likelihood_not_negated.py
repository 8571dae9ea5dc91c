"""This is the logarithm of the likelihood. A loss is minimised, so it is the negative of it: t z counts against the
loss, and the rate exp(z) for it."""

CHANGES = [
    ("(self.rates - counts * log_rates).mean()", "(counts * log_rates - self.rates).mean()"),
    ("(self.rates - self.counts) *", "(self.counts - self.rates) *"),
]
