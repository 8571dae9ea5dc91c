"""The optimizer steps after every piece. That is training with small batches: the second piece meets parameters
that have moved already. One step of the large batch needs all gradients at the same parameters."""

CHANGES = [
    ("    model.zero_grads()  # once: from here on every backward adds\n", ""),
    ("    optimizer.step(model.grads)\n", ""),
    (
        "criterion.backward(share))",
        "criterion.backward(share))\n        optimizer.step(model.grads)\n        model.zero_grads()",
    ),
    ("    for start", "    model.zero_grads()\n    for start"),
]
