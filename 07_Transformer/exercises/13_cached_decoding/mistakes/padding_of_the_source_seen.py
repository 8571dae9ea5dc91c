"""The mask of the source is not passed on. The encoder has used it, but cross-attention looks at the outputs at
padding too."""

CHANGES = [
    ("            attention_mask=mask,  # the source's: the memory of padding is still padding\n", ""),
]
