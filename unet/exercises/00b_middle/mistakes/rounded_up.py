"""The rest was halved and rounded up. By the task, the larger part goes away at the bottom and right."""

CHANGES = [
    (
        "(x.shape[2] - height) // 2, (x.shape[3] - width) // 2",
        "-((height - x.shape[2]) // 2), -((width - x.shape[3]) // 2)",
    )
]
