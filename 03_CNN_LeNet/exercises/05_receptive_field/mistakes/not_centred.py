"""The mean row is not subtracted. What you have measures the distance from the first row, the upper edge of the
image, and grows with the image even when the spot in its middle stays as it is."""

CHANGES = [("(rows - mean) ** 2", "rows**2")]
