"""The old sums are multiplied by the exponential of new minus old. A sum relative to a larger top is smaller, never
larger."""

CHANGES = [
    (
        "old_a, old_b = np.exp(a[0] - reference), np.exp(b[0] - reference)",
        (
            "seen_a, seen_b = np.isfinite(a[0]), np.isfinite(b[0])\n"
            "    old_a = np.where(seen_a, np.exp(np.minimum(reference - np.where(seen_a, a[0], 0.0), 700.0)), 0.0)\n"
            "    old_b = np.where(seen_b, np.exp(np.minimum(reference - np.where(seen_b, b[0], 0.0), 700.0)), 0.0)"
        ),
    ),
]
