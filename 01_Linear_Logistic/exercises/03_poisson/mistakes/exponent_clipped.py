"""The log-rates are clipped before exp, as if to be safe. Nothing overflows below 709 in float64, and beyond the clip the
loss is flat while its gradient says otherwise."""

CHANGES = [
    ("self.rates = np.exp(log_rates)", "self.rates = np.exp(np.clip(log_rates, -20.0, 20.0))"),
]
