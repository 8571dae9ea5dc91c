"""Of an odd rest the larger part was cut off above; the chapter cuts it off below."""

CHANGES = [
    ("top, left = (H - h) // 2, (W - w) // 2\n    return", "top, left = (H - h + 1) // 2, (W - w + 1) // 2\n    return")
]
