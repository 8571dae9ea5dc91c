"""The masks are those of sdpa, which are boolean, and are left out where torch's own causal switch would do. A
function that adds its mask cannot use them."""

CHANGES = [
    (
        'AttentionMaskInterface.register("rungs_alibi", eager_mask)',
        (
            "from transformers.masking_utils import sdpa_mask\n"
            "\n"
            '    AttentionMaskInterface.register("rungs_alibi", sdpa_mask)'
        ),
    ),
    (
        "        attention_mask = bias[None] if attention_mask is None else attention_mask + bias",
        (
            "        if attention_mask is not None and attention_mask.dtype == torch.bool:\n"
            "            attention_mask = bias.masked_fill(~attention_mask, -torch.inf)\n"
            "        else:\n"
            "            attention_mask = bias[None] if attention_mask is None else attention_mask + bias"
        ),
    ),
]
