"""The deviance is twice the difference. With the 2, the deviance of Gaussian noise of variance 1 would be the mean
squared error, so the two can be read alike."""

CHANGES = [("float(2.0 * (np.exp(log_rates)", "float((np.exp(log_rates)")]
