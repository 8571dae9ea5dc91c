"""The last row was counted from the end, and is one too large: upside down, the first row that is seen has no rows before it when the
last row of the image is seen."""

CHANGES = [("side - 1 - changed", "side - changed")]
