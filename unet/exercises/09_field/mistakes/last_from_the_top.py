"""The last row is one too large. Upside down, the table begins with the last row of the image, whose number is side - 1."""

CHANGES = [("side - 1 - changed", "side - changed")]
