"""Each head is computed by itself, in a loop. The numbers are right, and with many heads the time goes into Python. All heads
of a group can be one product of matrices."""

CHANGES = [
    (
        "    y = weights.reshape(B, G, H // G * n, m) @ v",
        "    y = np.stack([weights[:, h] @ v[:, h // (H // G)] for h in range(H)], axis=1)",
    ),
]
