"""The ReLU was applied to the gradient. A gradient may be negative; what decides is the sign of the input in the
forward pass."""

CHANGES = [("dy * (x > 0)", "np.maximum(dy, 0.0)")]
