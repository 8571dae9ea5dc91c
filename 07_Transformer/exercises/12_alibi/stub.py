"""ALiBi in Marian: an attention function of one's own."""

from typing import Any

from torch import Tensor, nn
from transformers import PreTrainedModel


def alibi_slopes(heads: int) -> Tensor:
    """2^(-8/H), 2^(-16/H), ..., 2^-8 (Press, Smith and Lewis 2022, section 3). Returns: (H,)"""
    raise NotImplementedError("alibi_slopes")


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
    raise NotImplementedError("alibi_attention")


def use_alibi(model: PreTrainedModel) -> PreTrainedModel:
    """Let a Marian model tell positions by distance alone. Changes the model and returns it."""
    raise NotImplementedError("use_alibi")
