"""The model is left in evaluation mode."""

CHANGES = [
    ("        model.train(training)\n", ""),
]
