"""The minus is missing, as in the paper's equation 1. A logarithm of a probability is below zero, and a loss must fall
as the probability grows."""

CHANGES = [("-float", "float")]
