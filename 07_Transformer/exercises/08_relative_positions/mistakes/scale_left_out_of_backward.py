"""Forward divides by the root of d_k, backward does not. The division is a step like the others and has a derivative."""

CHANGES = [
    ("    ds = ds / np.sqrt(q.shape[-1])\n", "    ds = ds + 0.0\n"),
]
