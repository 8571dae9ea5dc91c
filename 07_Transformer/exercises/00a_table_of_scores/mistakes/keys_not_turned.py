"""The keys were not turned, so the sum does not run over the width of both. With as many keys as numbers in a vector
that gives no error."""

CHANGES = [("np.swapaxes(k, 1, 2)", "k")]
