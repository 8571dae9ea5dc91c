"""The gradient goes past the ReLU as if it were not there. Where a unit was off nothing comes back: about one half
of dy is dropped, and the factor is half as large."""

CHANGES = [("dx = (dy * (x @ weight.T > 0)) @ weight", "dx = dy @ weight")]
