"""The rest was halved and rounded up. By the task, the larger part goes away at the bottom and right."""

CHANGES = [
    ("(x.shape[2] - height) // 2", "(x.shape[2] - height + 1) // 2"),
    ("(x.shape[3] - width) // 2", "(x.shape[3] - width + 1) // 2"),
]
