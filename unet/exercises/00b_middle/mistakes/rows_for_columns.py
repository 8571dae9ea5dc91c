"""The columns were cropped by the rest of the rows. In a square image both are the same; in any other they are not."""

CHANGES = [("(x.shape[3] - width) // 2", "top")]
