"""Positions are cut to whole numbers, as a table of angles with a row for each would need. They may lie between
two words, and before the first."""

CHANGES = [
    ("angle = angles(positions, width, base)", "angle = angles(np.asarray(positions).astype(int), width, base)"),
]
