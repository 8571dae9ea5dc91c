"""Greedy decoding by hand, with the library's cache."""

import torch
from torch import Tensor
from transformers import DynamicCache, EncoderDecoderCache, PreTrainedModel


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
