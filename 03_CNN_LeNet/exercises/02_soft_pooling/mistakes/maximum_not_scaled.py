"""The largest value was taken out of the exponent as t times itself, but is added back to the result as t times
itself too. The division by t applies to it as well: what comes back is the maximum, without a factor."""

CHANGES = [("largest[..., 0, 0] + np.log(mean) / t", "t * largest[..., 0, 0] + np.log(mean) / t")]
