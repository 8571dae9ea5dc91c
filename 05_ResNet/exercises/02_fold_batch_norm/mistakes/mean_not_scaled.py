"""The mean is subtracted as it is. It is subtracted before the division by the standard deviation and the
multiplication by the scale, so both apply to it."""

CHANGES = [("shift - mean * factor", "shift - mean")]
