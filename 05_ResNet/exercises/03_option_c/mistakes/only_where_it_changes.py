"""Only the shortcuts that change the shape are counted: that is option B. Option C projects on every shortcut."""

CHANGES = [("channels * out + 2 * out  # a", "(channels != out) * (channels + 2) * out  # a")]
