"""The squares are summed, not averaged. dx and dy have different numbers of elements, so the ratio of their sums
carries the ratio of the widths too. The rules speak of the size of one gradient entry."""

CHANGES = [("(dx**2).mean() / (dy**2).mean()", "(dx**2).sum() / (dy**2).sum()")]
