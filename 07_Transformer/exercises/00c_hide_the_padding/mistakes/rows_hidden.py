"""The rows of padded queries were hidden, not the columns of padded keys. Real words still look at padding."""

CHANGES = [("real[:, None, None, :]", "real[:, None, :, None]")]
