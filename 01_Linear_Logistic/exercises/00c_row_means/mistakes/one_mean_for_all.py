"""One mean of the whole table was subtracted from everything. A strict and a generous person are still as far apart
as before."""

CHANGES = [("axis=1, keepdims=True", "")]
