"""Only the product with the keys is divided by the root of d_k. The vector of the distance is part of the key, and the
division is for the whole score."""

CHANGES = [
    (
        "(q @ np.swapaxes(k, -1, -2) + picked) / np.sqrt(q.shape[-1])",
        "q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1]) + picked",
    ),
]
