"""The mask was read the wrong way round: the padding is seen, and the words are hidden. True means real."""

CHANGES = [("real[:", "~real[:")]
