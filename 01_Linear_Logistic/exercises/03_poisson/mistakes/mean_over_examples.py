"""The gradient is divided by the length of the first axis. The mean is over all elements; for one output a row the
two agree, for several they do not."""

CHANGES = [("dy / self.counts.size", "dy / len(self.counts)")]
