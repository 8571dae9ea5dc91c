"""The mask of the first head hides keys from all of them. A mask that broadcasts to (B, H, n, m) may differ from
head to head."""

CHANGES = [
    (
        "weights = softmax(np.where(mask, scores, -np.inf))",
        "weights = softmax(np.where(np.broadcast_to(mask, scores.shape)[:, :1], scores, -np.inf))",
    ),
]
