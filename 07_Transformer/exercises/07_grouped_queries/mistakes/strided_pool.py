"""The mean is taken over heads that stand far apart: the heads were dealt among the groups like cards. A group is a
run of neighbouring heads."""

CHANGES = [
    (
        (
            "weight.reshape(groups, heads // groups, -1, weight.shape[1])  # (G, H / G, d_k, d)\n"
            "    return split.mean(axis=1)"
        ),
        ("weight.reshape(heads // groups, groups, -1, weight.shape[1])\n    return split.mean(axis=0)"),
    ),
]
