"""The largest score is taken before the mask. A hidden key with a large score then pushes the exponentials of all
visible ones towards zero, and decides the reference of a query that sees nothing."""

CHANGES = [
    (
        (
            "s = np.where(mask, q @ k.T / np.sqrt(q.shape[1]), -np.inf)  # (n, m)\n"
            "    top = s.max(axis=1, keepdims=True, initial=-np.inf)  # also of no key at all"
        ),
        (
            "raw = q @ k.T / np.sqrt(q.shape[1])\n"
            "    s = np.where(mask, raw, -np.inf)\n"
            "    top = raw.max(axis=1, keepdims=True, initial=-np.inf)"
        ),
    ),
]
