"""The forward pass is safe, but the weights of the backward pass still take exp of t x as it is. At a large t that
is infinity divided by infinity. A softmax does not change when a number is subtracted from all its inputs; use that
here too."""

CHANGES = [("np.exp(t * (seen - seen.max(axis=(4, 5), keepdims=True)))", "np.exp(t * seen)")]
