"""The gradients are cleared before each piece, so the update sees the last piece alone. `backward` adds: clear
once for each update, not once for each backward."""

CHANGES = [
    ("    model.zero_grads()  # once: from here on every backward adds\n", ""),
    ("        model.backward(criterion", "        model.zero_grads()\n        model.backward(criterion"),
]
