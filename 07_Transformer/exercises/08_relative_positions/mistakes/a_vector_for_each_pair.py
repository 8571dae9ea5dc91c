"""The numbers are right. But a vector for each pair of positions is built, which for 10,000 words of width 64 would be
51 gigabytes; the product of the queries with the small table holds all that is needed."""

CHANGES = [
    (
        (
            "    by_distance = q @ table.T  # (..., n, 2 reach + 1)\n"
            "    picked = by_distance[..., np.arange(n)[:, None], rows]  # (..., n, m)\n"
        ),
        '    picked = np.einsum("...nd,nmd->...nm", q, table[rows])\n',
    ),
]
