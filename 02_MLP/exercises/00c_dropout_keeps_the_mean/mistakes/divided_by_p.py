"""p is the probability to be dropped. What counts is how often a unit is on, and that is 1 - p."""

CHANGES = [("(1.0 - p)", "(p or 1.0)")]
