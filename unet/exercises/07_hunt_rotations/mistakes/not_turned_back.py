"""The predictions were never turned back, so pixels of different places are averaged."""

CHANGES = [("-q, axes", "0, axes")]
