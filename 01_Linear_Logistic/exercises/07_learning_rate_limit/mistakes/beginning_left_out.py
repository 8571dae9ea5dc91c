"""The loss before the first step is missing, or the one after the last. `training_step` returns the loss before its
update, so the final one has to be computed once more."""

CHANGES = [("    found.append(criterion.forward(model.forward(x), y))\n", "")]
