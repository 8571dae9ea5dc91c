"""The hidden scores are 0. The exponential of 0 is 1, which is a perfectly good weight: a key with score 0 is looked
at."""

CHANGES = [("-np.inf", "0.0")]
