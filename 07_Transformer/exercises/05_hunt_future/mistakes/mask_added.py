"""The mask of ones and zeros is added to the scores. Hidden keys then have a smaller score by one, and lose a little
weight instead of all."""

CHANGES = [
    ("softmax(np.where(mask, scores, -np.inf))", "softmax(scores + mask)"),
]
