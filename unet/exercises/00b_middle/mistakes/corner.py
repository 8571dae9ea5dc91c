"""The crop begins at the corner. Every feature from below then meets the skip's feature of another place."""

CHANGES = [("(x.shape[2] - height) // 2, (x.shape[3] - width) // 2", "0, 0")]
