"""The gradients are never cleared. The first step is right, and every later one still carries the gradients of all
steps before it."""

CHANGES = [("    model.zero_grads()  # once: from here on every backward adds\n", "")]
