"""Hidden scores are lowered by ten. Their weights are small and not zero, and with large scores not even small."""

CHANGES = [
    ("softmax(np.where(mask, scores, -np.inf))", "softmax(scores - 10.0 * ~mask)"),
]
