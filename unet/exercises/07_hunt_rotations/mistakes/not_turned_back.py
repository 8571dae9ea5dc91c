"""The predictions were never turned back."""

CHANGES = [("-q, axes", "0, axes")]
