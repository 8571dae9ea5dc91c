"""The running variance lost its factor n / (n - 1). That was no fault: the batch is normalised by the biased
variance, and the running one collects the unbiased."""

CHANGES = [
    ("n, keep = len(x), 1.0 - self.momentum", "keep = 1.0 - self.momentum"),
    ("var * n / (n - 1)", "var"),
]
