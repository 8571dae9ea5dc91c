"""Hidden scores are set to zero. A score of zero is not 'no weight': its exponential is 1, as good as that of any
other average key."""

CHANGES = [
    ("softmax(np.where(mask, scores, -np.inf))", "softmax(np.where(mask, scores, 0.0))"),
]
