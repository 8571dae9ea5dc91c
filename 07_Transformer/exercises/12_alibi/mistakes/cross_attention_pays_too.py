"""Cross-attention pays for distance as well. The third word of the target has no place near the third word of the
source."""

CHANGES = [
    ("    if not crosses:\n", "    if True:\n"),
]
