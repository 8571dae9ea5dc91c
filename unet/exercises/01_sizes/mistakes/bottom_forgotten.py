"""The bottom has two convolutions as well, and they cost 4 pixels of its level."""

CHANGES = [
    ("    side -= 4\n    for _ in range(depth):\n        side = 2", "    for _ in range(depth):\n        side = 2")
]
