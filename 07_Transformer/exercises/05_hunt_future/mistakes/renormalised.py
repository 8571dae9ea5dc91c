"""The weights are masked and divided by their sum again. On paper that is right. But where a hidden score is much
larger than all visible ones, the visible weights have become zero before, and zero is divided by zero."""

CHANGES = [
    (
        "    weights = softmax(np.where(mask, scores, -np.inf))",
        (
            "    weights = softmax(scores) * mask\n"
            "    total = weights.sum(axis=-1, keepdims=True)\n"
            "    weights = weights / np.where(total == 0, 1.0, total)"
        ),
    ),
]
