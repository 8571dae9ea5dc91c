"""The parts' outputs are averaged as if each part weighed the same. A part counts by the sum of its exponentials, all
taken relative to one reference."""

CHANGES = [
    (
        "return top, a[1] * old_a + b[1] * old_b, a[2] * old_a + b[2] * old_b",
        (
            "count = (a[1] > 0).astype(float) + (b[1] > 0)\n"
            "    mean = a[2] / np.where(a[1] == 0, 1.0, a[1]) + b[2] / np.where(b[1] == 0, 1.0, b[1])\n"
            "    return top, count, mean"
        ),
    ),
]
