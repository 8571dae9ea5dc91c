"""The last step was counted although it does not fit. A kernel that would stick out is not placed: round down."""

CHANGES = [("(n + 2 * padding - k) // stride", "-(-(n + 2 * padding - k) // stride)")]
