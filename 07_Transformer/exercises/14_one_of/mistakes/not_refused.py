"""An empty list of answers is accepted, and every row may only end."""

CHANGES = [
    ("        if not answers:\n", "        if False:\n"),
]
