"""Only the keys are counted. The values are cached as well, and are as large."""

CHANGES = [
    ("return 2 * layers", "return layers"),
]
