"""The keys are repeated until each head of queries has its own. The numbers are right, and the memory that grouping saves is
gone. The heads of a group are only more queries to the same keys."""

CHANGES = [
    (
        "    scores = (rows @ np.swapaxes(k, 2, 3) / np.sqrt(d_k)).reshape(B, H, n, m)",
        "    scores = q @ np.swapaxes(np.repeat(k, H // G, axis=1), 2, 3) / np.sqrt(d_k)",
    ),
]
