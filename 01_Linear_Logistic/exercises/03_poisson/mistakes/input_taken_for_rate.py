"""The rate was taken to be z itself. The model's output may be negative and a rate may not; that is why z is the
logarithm of the rate, which is exp(z)."""

CHANGES = [("self.rates = np.exp(log_rates)", "self.rates = log_rates")]
