"""The encoder runs again in each step. Its output never changes; it is the longest part of the work."""

CHANGES = [
    ("            encoder_outputs=memory,\n", "            input_ids=source,\n"),
]
