"""The sum was divided by the sum of the weights. Then weights that are twice as large change nothing, and a tile full of
gaps counts no more than any other; the mean is over pixels."""

CHANGES = [("(weights * np.log(p)).mean()", "(weights * np.log(p)).sum() / weights.sum()")]
