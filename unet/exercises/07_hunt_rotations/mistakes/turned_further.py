"""The predictions were turned further, not back, and other pixels are averaged."""

CHANGES = [("-q, axes", "q, axes")]
