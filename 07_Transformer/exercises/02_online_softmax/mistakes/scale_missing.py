"""The scores are not divided by the root of d_k. The state looks right, and the weights are those of another, sharper
attention."""

CHANGES = [
    (" / np.sqrt(q.shape[1])", ""),
]
