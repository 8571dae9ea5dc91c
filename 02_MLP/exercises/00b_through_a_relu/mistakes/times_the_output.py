"""The gradient was multiplied with the output of the ReLU. Its derivative is 1 where the gate is open, however large
x is."""

CHANGES = [("(x > 0)", "np.maximum(x, 0.0)")]
