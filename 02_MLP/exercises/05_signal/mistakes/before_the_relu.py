"""The pre-activations are measured. The signal that reaches the next layer is what is left of them after the ReLU,
and that is one half of their mean square."""

CHANGES = [
    (
        "x = np.maximum(x @ init((width, width), rng=rng).T, 0.0)\n        found.append((x**2).mean())",
        "z = x @ init((width, width), rng=rng).T\n        x = np.maximum(z, 0.0)\n        found.append((z**2).mean())",
    ),
    ("y = np.maximum(x @ init((fan_out, fan_in), rng=rng).T, 0.0)", "y = x @ init((fan_out, fan_in), rng=rng).T"),
]
