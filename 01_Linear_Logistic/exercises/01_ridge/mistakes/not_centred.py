"""The system is solved on the raw x and y, so the weight has to explain the mean of the targets as well. With the
bias eliminated, only what is left after subtracting the means of x and of y enters the equation of the weight."""

CHANGES = [("xc, yc = x - x_mean, y - y_mean", "xc, yc = x, y")]
