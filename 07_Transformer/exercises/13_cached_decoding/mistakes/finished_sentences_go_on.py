"""Finished sentences go on. The word after the end is whatever is most probable there."""

CHANGES = [
    ("logits.argmax(dim=-1).where(running, settings.pad_token_id)[:, None]", "logits.argmax(dim=-1)[:, None]"),
]
