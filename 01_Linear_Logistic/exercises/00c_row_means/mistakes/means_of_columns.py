"""The mean of each column was subtracted: of each film, over all people. Axis 0 is the one that disappears then; a
mean per row is left when axis 1 does."""

CHANGES = [("axis=1", "axis=0")]
