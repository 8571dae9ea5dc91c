"""The pairs are turned clockwise. Scores come out the same, since only the difference of two angles counts; but keys
of another program, or from its cache, are turned the other way."""

CHANGES = [
    ("first * np.cos(angle) - second * np.sin(angle)", "first * np.cos(angle) + second * np.sin(angle)"),
    ("first * np.sin(angle) + second * np.cos(angle)", "second * np.cos(angle) - first * np.sin(angle)"),
]
