"""The padding was added once. It is put on each side of the row, so the row grows by two times the padding."""

CHANGES = [("2 * padding", "padding")]
