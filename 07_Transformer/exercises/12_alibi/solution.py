"""ALiBi in Marian: an attention function of one's own."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.masking_utils import eager_mask


def alibi_slopes(heads: int) -> Tensor:
    """2^(-8/H), 2^(-16/H), ..., 2^-8 (Press, Smith and Lewis 2022, section 3). Returns: (H,)"""
    return 2.0 ** (-8.0 * torch.arange(1, heads + 1) / heads)


def alibi_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """Self-attention that subtracts slope * distance from each score; cross-attention is left as it is.

    query: (B, H, n, d_k), the last n of m positions. key, value: (B, H, m, d_k). attention_mask: added to the scores,
    (B, 1, n, m); None forbids nothing. Returns: (B, n, H, d_k) and None for the weights, as every attention function does.
    """
    n, m = query.shape[2], key.shape[2]
    crosses = module.is_decoder and not module.is_causal
    if not crosses:
        here = torch.arange(m - n, m, device=query.device)[:, None]  # with a cache the queries stand at the end
        distance = (here - torch.arange(m, device=query.device)).abs()  # (n, m)
        bias = -alibi_slopes(query.shape[1]).to(query)[:, None, None] * distance  # (H, n, m)
        attention_mask = bias[None] if attention_mask is None else attention_mask + bias
    out = F.scaled_dot_product_attention(
        query, key, value, attn_mask=attention_mask, dropout_p=dropout, scale=scaling
    )  # (B, H, n, d_k)
    return out.transpose(1, 2).contiguous(), None


def use_alibi(model: PreTrainedModel) -> PreTrainedModel:
    """Let a Marian model tell positions by distance alone. Changes the model and returns it."""
    AttentionInterface.register("rungs_alibi", alibi_attention)
    AttentionMaskInterface.register("rungs_alibi", eager_mask)  # without it no mask is made, and nothing says so
    model.set_attn_implementation("rungs_alibi")
    for stack in (model.get_encoder(), model.get_decoder()):
        stack.embed_positions.weight.data.zero_()  # pyright: ignore
    return model
