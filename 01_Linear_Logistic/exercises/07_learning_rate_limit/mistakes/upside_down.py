"""This is the steps of the scaled features over those of the raw ones. The speed-up says how many times as many the
raw features need."""

CHANGES = [
    ("return raw / steps_needed(", "return 1.0 / raw * steps_needed("),
]
