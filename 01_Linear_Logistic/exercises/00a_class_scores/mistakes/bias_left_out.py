"""The bias is missing. Without it every class has the score 0 for an input of zeros, whatever the data say about how
frequent it is."""

CHANGES = [(" + bias", "")]
