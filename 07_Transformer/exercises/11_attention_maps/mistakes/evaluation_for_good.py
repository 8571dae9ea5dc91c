"""The model is left in evaluation mode. Whoever trains it goes on without dropout from then on, and is not told."""

CHANGES = [
    ("        model.train(training)\n", ""),
]
