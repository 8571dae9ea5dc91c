"""The heads are dealt among the groups like cards: head 2 goes to group 0 when there are two groups. Neighbouring
heads share here, and weights of other programs expect that."""

CHANGES = [
    (
        "    rows = q.reshape(B, G, H // G * n, d_k)  # the queries of a group below one another\n",
        "    rows = q.reshape(B, H // G, G, n, d_k).swapaxes(1, 2).reshape(B, G, H // G * n, d_k)\n",
    ),
    (
        "    scores = (rows @ np.swapaxes(k, 2, 3) / np.sqrt(d_k)).reshape(B, H, n, m)\n",
        (
            "    scores = rows @ np.swapaxes(k, 2, 3) / np.sqrt(d_k)\n"
            "    scores = scores.reshape(B, G, H // G, n, m).swapaxes(1, 2).reshape(B, H, n, m)\n"
        ),
    ),
    (
        ("    y = weights.reshape(B, G, H // G * n, m) @ v\n    return y.reshape(B, H, n, v.shape[3])"),
        (
            "    y = weights.reshape(B, H // G, G, n, m).swapaxes(1, 2).reshape(B, G, H // G * n, m) @ v\n"
            "    return y.reshape(B, G, H // G, n, v.shape[3]).swapaxes(1, 2).reshape(B, H, n, v.shape[3])"
        ),
    ),
]
