"""The price takes the place of the mask. Both belong to the scores."""

CHANGES = [
    ("bias[None] if attention_mask is None else attention_mask + bias", "bias[None]"),
]
