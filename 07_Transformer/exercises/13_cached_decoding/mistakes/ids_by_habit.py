"""Padding is taken to be 0. Every model has its own ids (for some padding is the end token itself), and they are in
`generation_config`."""

CHANGES = [
    ("settings.pad_token_id", "0"),
]
