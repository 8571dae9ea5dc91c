"""The rates of the first forward pass are kept for good. The gradient belongs to the last forward pass: the same
loss object serves every batch."""

CHANGES = [
    ("        self.rates = np.exp(log_rates)\n", '        self.rates = getattr(self, "rates", np.exp(log_rates))\n'),
    ("(self.rates - counts * log_rates).mean()", "(np.exp(log_rates) - counts * log_rates).mean()"),
]
