"""The measured limit is taken from the prediction. A measurement that knows the answer proves nothing: run, and
look where it diverges."""

CHANGES = [
    ("    low = high = 1.0\n", "    return predicted_limit(x, y)\n    low = high = 1.0\n"),
]
