"""Only the depths are in logarithms. If the spread is c times depth to the power a, then log(spread) is a line in
log(depth), and a is its slope."""

CHANGES = [("np.polyfit(np.log(depths), np.log(spreads), 1)", "np.polyfit(np.log(depths), spreads, 1)")]
