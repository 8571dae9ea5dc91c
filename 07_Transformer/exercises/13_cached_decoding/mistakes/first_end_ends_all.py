"""The loop stops when the first sentence is over. The others are still in the middle."""

CHANGES = [
    ("if not running.any():", "if not running.all():"),
]
