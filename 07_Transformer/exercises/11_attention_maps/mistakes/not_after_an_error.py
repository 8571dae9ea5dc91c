"""The setting is put back when all goes well, and not when the forward pass fails."""

CHANGES = [
    ("    try:\n        model.set_attn", "    if True:\n        model.set_attn"),
    (
        ("    finally:\n        model.set_attn_implementation(implementation)\n        model.train(training)\n"),
        ("    model.set_attn_implementation(implementation)\n    model.train(training)\n"),
    ),
]
