"""Only the attention function is registered. The library then makes no mask for it and says nothing: padding and
future are visible."""

CHANGES = [
    (
        '    AttentionMaskInterface.register("rungs_alibi", eager_mask)',
        "    # AttentionMaskInterface is left as it was",
    ),
]
