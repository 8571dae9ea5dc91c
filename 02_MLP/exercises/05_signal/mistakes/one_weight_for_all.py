"""The weight is drawn once and used in every layer. A network has a weight for each layer, drawn independently of
the others, and that is what the rules are derived for: a product of the same matrix with itself is no longer a
fresh draw."""

CHANGES = [
    (
        "    for _ in range(depth):\n        x = np.maximum(x @ init((width, width), rng=rng).T, 0.0)",
        "    weight = init((width, width), rng=rng)\n    for _ in range(depth):\n        x = np.maximum(x @ weight.T, 0.0)",
    ),
]
