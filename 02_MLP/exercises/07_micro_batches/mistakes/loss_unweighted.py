"""The parameters are right, but the loss is the plain mean of the pieces' losses. The shorter piece counts as much
as a full one there: weight the losses as you weight the gradients."""

CHANGES = [("loss += share *", "loss += 1 / -(-len(x) // size) *")]
