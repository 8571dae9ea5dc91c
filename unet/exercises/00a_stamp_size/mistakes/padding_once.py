"""The padding was cut off once. It goes away on each side of the row."""

CHANGES = [("2 * padding", "padding")]
