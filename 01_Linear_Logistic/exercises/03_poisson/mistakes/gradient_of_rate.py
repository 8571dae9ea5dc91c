"""1 - t / rate is the derivative with respect to the rate. The input is the logarithm of the rate; by the chain rule
the derivative is multiplied by d rate / dz, which is the rate."""

CHANGES = [("(self.rates - self.counts) *", "(1.0 - self.counts / self.rates) *")]
