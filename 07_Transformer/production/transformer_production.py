"""Changing a transformers encoder-decoder: four modifications, each the way the library is meant to be changed.

Written against transformers 5.23.0 and its Marian, which is the model of this chapter. The same four tasks are the
exercises 07.11 to 07.14, whose solutions are taken from here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import (
    AttentionInterface,
    AttentionMaskInterface,
    DynamicCache,
    EncoderDecoderCache,
    LogitsProcessor,
    MarianConfig,
    MarianMTModel,
    PreTrainedModel,
)
from transformers.masking_utils import eager_mask


# --8<-- [start:maps]
def attention_maps(model: PreTrainedModel, **inputs: Tensor) -> dict[str, tuple[Tensor, ...]]:
    """The weights of every attention in one forward pass of `model(**inputs)`, in evaluation mode.

    Returns: "encoder" (B, H, S, S), "decoder" (B, H, T, T) and "cross" (B, H, T, S), each with one entry for each layer.
    The model keeps its attention implementation and its mode, also after an error; nothing is recorded for gradients.
    """
    implementation, training = model.config._attn_implementation or "eager", model.training
    try:
        model.set_attn_implementation("eager")  # the fused kernels never have the weights
        model.eval()
        with torch.no_grad():
            out: Any = model(**inputs, output_attentions=True)
    finally:
        model.set_attn_implementation(implementation)
        model.train(training)
    return {"encoder": out.encoder_attentions, "decoder": out.decoder_attentions, "cross": out.cross_attentions}


# --8<-- [end:maps]


# --8<-- [start:alibi]
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


# --8<-- [end:alibi]


# --8<-- [start:greedy]
@torch.no_grad()
def greedy_with_cache(model: PreTrainedModel, source: Tensor, mask: Tensor, begin: Tensor, new_tokens: int) -> Tensor:
    """The most probable word, one at a time; every position goes through the model once.

    source: ids (B, S), mask: 1 at words and 0 at padding (B, S), begin: the first ids of each answer (B, P).
    Returns: ids (B, P + at most new_tokens), padding behind the end of a sentence.
    """
    settings = model.generation_config
    assert settings is not None
    memory = model.get_encoder()(source, attention_mask=mask)
    cache = EncoderDecoderCache(DynamicCache(config=model.config), DynamicCache(config=model.config))
    tokens, fresh = begin, begin
    running = torch.ones(len(source), dtype=torch.bool, device=source.device)
    for _ in range(new_tokens):
        logits = model(
            encoder_outputs=memory,
            attention_mask=mask,  # the source's: the memory of padding is still padding
            decoder_input_ids=fresh,
            past_key_values=cache,
            use_cache=True,
        ).logits[:, -1]  # (B, V)
        fresh = logits.argmax(dim=-1).where(running, settings.pad_token_id)[:, None]  # (B, 1)
        tokens = torch.cat([tokens, fresh], dim=1)
        running = running & (fresh[:, 0] != settings.eos_token_id)
        if not running.any():
            break
    return tokens


# --8<-- [end:greedy]


# --8<-- [start:one_of]
class OneOf(LogitsProcessor):
    """Allows only continuations that can still become one of the `answers`.

    Args:
        answers: sequences of ids, without start and end.
        eos: what follows a complete answer.
        begin: how many ids stand before the answer, 1 for the start token.
    """

    def __init__(self, answers: Sequence[Sequence[int]], eos: int, begin: int = 1) -> None:
        if not answers:
            raise ValueError("OneOf expected at least one answer, got none")
        self.eos, self.begin = eos, begin
        self.following: dict[tuple[int, ...], set[int]] = {}
        for answer in answers:
            ids = (*answer, eos)
            for i, token in enumerate(ids):
                self.following.setdefault(ids[:i], set()).add(token)

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """input_ids: (rows, so far), a row for each beam. scores: (rows, V). Returns: scores, -inf where not allowed."""
        allowed = torch.full_like(scores, float("-inf"))
        for row, ids in enumerate(input_ids[:, self.begin :].tolist()):
            following = self.following.get(tuple(ids), {self.eos})  # a finished row: anything finite will do
            allowed[row, list(following)] = 0.0
        return scores + allowed


def choose(model: Any, source: Tensor, mask: Tensor, answers: Sequence[Sequence[int]], beams: int) -> list[list[int]]:
    """For each source the most probable of the answers that beam search finds. source, mask: (B, S). Returns: B answers"""
    eos, pad = model.generation_config.eos_token_id, model.generation_config.pad_token_id
    out = model.generate(
        source,
        attention_mask=mask,
        num_beams=beams,
        do_sample=False,
        length_penalty=0.0,  # compare probabilities; the default would divide by the length
        early_stopping="never",
        max_new_tokens=1 + max(map(len, answers)),
        logits_processor=[OneOf(answers, eos)],
    )
    return [[token for token in row[1:] if token not in (eos, pad)] for row in out.tolist()]


# --8<-- [end:one_of]


def small_marian(vocabulary: int = 23, seed: int = 8, **settings: Any) -> MarianMTModel:
    """A narrow Marian in float64, every parameter drawn from `seed`, for tests: words run from 3, pad 0, bos 1, eos 2."""
    sizes: dict[str, Any] = {
        "vocab_size": vocabulary,
        "d_model": 24,
        "encoder_layers": 2,
        "decoder_layers": 3,
        "encoder_attention_heads": 4,
        "decoder_attention_heads": 4,
        "encoder_ffn_dim": 40,
        "decoder_ffn_dim": 40,
        "max_position_embeddings": 64,
        "activation_function": "relu",
        "scale_embedding": True,
        "tie_word_embeddings": False,  # tied and untrained, a model answers each word with itself
        "dropout": 0.1,
        "pad_token_id": 0,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "decoder_start_token_id": 1,
        "forced_eos_token_id": None,
        **settings,
    }
    model = MarianMTModel(MarianConfig(decoder_vocab_size=vocabulary, **sizes)).double().eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.requires_grad:
                drawn = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
                if parameter.ndim == 2:
                    parameter.copy_((1.5 if "layers" not in name else 0.8) * drawn * parameter.shape[1] ** -0.5)
                else:
                    parameter.copy_(0.2 * drawn + ("norm.weight" in name))
        model.final_logits_bias[0, :3] = torch.tensor([-9.0, -9.0, 3.0])  # some sentences end
    return model
