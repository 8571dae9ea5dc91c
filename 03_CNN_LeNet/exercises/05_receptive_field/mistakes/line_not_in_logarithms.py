"""The slope is that of a line through depth and spread themselves: so many pixels per layer. An exponent is the
slope in logarithms of both."""

CHANGES = [("np.polyfit(np.log(depths), np.log(spreads), 1)", "np.polyfit(depths, spreads, 1)")]
