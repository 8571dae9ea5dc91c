"""Without the conversion the weight is a leaf, and it stays in single precision whatever `dtype` says. The conversion
is wanted; it has to come before gradients are asked for."""

CHANGES = [("weight.to(dtype).requires_grad_()", "weight.requires_grad_()")]
