"""detach cuts the weight off from its origin, and with it from autograd: it no longer asks for a gradient. It is a
leaf now, and one that does not learn. A parameter must be a leaf and have requires_grad."""

CHANGES = [("weight.to(dtype).requires_grad_()", "weight.detach().to(dtype)")]
