"""The bias now has its own gradient for each unit, but as a mean over the cases. The error of equation 3 is a sum
over the cases, and so are all its gradients: the weights' step sums too, in the product with ys."""

CHANGES = [("dx.sum(axis=0)", "dx.mean(axis=0)")]
