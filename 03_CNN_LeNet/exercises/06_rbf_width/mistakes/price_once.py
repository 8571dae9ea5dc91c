"""log(sigma) is counted once. A Gaussian in D directions is a product of D of them, and each has its factor 1 /
sigma: the logarithm has D such terms."""

CHANGES = [(" + x.shape[1] * log_width", " + log_width"), ("dy * x.shape[1] - ", "dy - ")]
