"""The Transformer on tensors: a function of a dict of leaf tensors; autograd does the backward pass.

Vaswani et al.: Attention Is All You Need, NeurIPS 2017: section 3.1 (layers), 3.3 (equation 2), 3.4 (shared embeddings),
3.5 (positions), 5.3 (equation 3), 5.4 (dropout, label smoothing). The names in the dict are those of the other levels.

    B  sentences    S  source tokens    T  target tokens    V  vocabulary    d  d_model
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache

import torch
from attention_lowlevel import add_linear, causal_mask, init_attention, layer_norm, multi_head_attention, padding_mask
from mlp_lowlevel import dropout
from torch import Tensor
from torch.nn import functional as F

Params = dict[str, Tensor]
Masks = Mapping[str, Tensor]
PAD = 0


# --8<-- [start:positions]
@cache
def sinusoids(length: int, d_model: int, dtype: torch.dtype = torch.float64) -> Tensor:
    """PE(pos, 2i) = sin(pos / 10000^(2i/d)), PE(pos, 2i+1) = cos(the same) (section 3.5). Returns: (length, d)"""
    columns = torch.arange(d_model)
    rates = 10000.0 ** -((columns - columns % 2).double() / d_model)
    angles = torch.arange(length).double()[:, None] * rates
    # eq: sinusoids
    return torch.where(columns % 2 == 0, angles.sin(), angles.cos()).to(dtype)


# --8<-- [end:positions]


# --8<-- [start:embedding]
def embed(table: Tensor, tokens: Tensor, max_length: int = 1024) -> Tensor:
    """sqrt(d) E[token] + PE[position]. table: (V, d). tokens: ids (B, T). Returns: (B, T, d)"""
    vocabulary, d = table.shape
    if tokens.ndim != 2 or not tokens.numel() or tokens.shape[1] > max_length:
        raise ValueError(f"embed expected ids (B, T), T from 1 to {max_length}, got {tuple(tokens.shape)}")
    low, high = int(tokens.min()), int(tokens.max())
    if low < 0 or high >= vocabulary:
        raise ValueError(f"embed expected token ids from 0 to {vocabulary - 1}, got {low} to {high}")
    x = table.index_select(0, tokens.flatten()).view(*tokens.shape, d)  # (B, T, d)
    # eq: embedding-and-position
    return math.sqrt(d) * x + sinusoids(tokens.shape[1], d, x.dtype)


# --8<-- [end:embedding]


# --8<-- [start:layers]
def feed_forward(p: Params, prefix: str, x: Tensor) -> Tensor:
    """max(0, x W_1 + b_1) W_2 + b_2 (equation 2)."""
    # eq: feed-forward
    x = F.relu(F.linear(x, p[f"{prefix}linear1.weight"], p[f"{prefix}linear1.bias"]))  # (B, T, d_ff)
    # eq: feed-forward
    return F.linear(x, p[f"{prefix}linear2.weight"], p[f"{prefix}linear2.bias"])  # (B, T, d)


def add_and_norm(p: Params, prefix: str, number: int, x: Tensor, y: Tensor, drop: Tensor | None, record: Params):
    """LayerNorm(x + Dropout(y)) (section 3.1)."""
    name = f"{prefix}norm{number}"
    # eq: post-norm
    record[name] = layer_norm(x + dropout(y, drop), p[f"{name}.weight"], p[f"{name}.bias"])
    return record[name]


def encoder_layer(
    p: Params,
    prefix: str,
    x: Tensor,
    mask: Tensor,
    heads: int,
    drops: Sequence[Tensor | None] = (None, None),
    record: Params | None = None,
) -> Tensor:
    """x: (B, S, d). mask: (B, 1, 1, S), True at real tokens. drops: two dropout masks (B, S, d). Returns: (B, S, d)"""
    record = {} if record is None else record
    y = record[f"{prefix}attention"] = multi_head_attention(p, f"{prefix}attention.", x, x, mask, heads)
    x = add_and_norm(p, prefix, 1, x, y, drops[0], record)
    y = record[f"{prefix}feed_forward"] = feed_forward(p, f"{prefix}feed_forward.", x)
    return add_and_norm(p, prefix, 2, x, y, drops[1], record)


def decoder_layer(
    p: Params,
    prefix: str,
    x: Tensor,
    memory: Tensor,
    mask: Tensor,
    memory_mask: Tensor,
    heads: int,
    drops: Sequence[Tensor | None] = (None, None, None),
    record: Params | None = None,
) -> Tensor:
    """x: (B, T, d). memory: (B, S, d). mask: (B, 1, T, T), causal. memory_mask: (B, 1, 1, S). Returns: (B, T, d)"""
    record = {} if record is None else record
    y = record[f"{prefix}self_attention"] = multi_head_attention(p, f"{prefix}self_attention.", x, x, mask, heads)
    x = add_and_norm(p, prefix, 1, x, y, drops[0], record)
    y = multi_head_attention(p, f"{prefix}cross_attention.", x, memory, memory_mask, heads)
    record[f"{prefix}cross_attention"] = y
    x = add_and_norm(p, prefix, 2, x, y, drops[1], record)
    y = record[f"{prefix}feed_forward"] = feed_forward(p, f"{prefix}feed_forward.", x)
    return add_and_norm(p, prefix, 3, x, y, drops[2], record)


# --8<-- [end:layers]


# --8<-- [start:model]
def transformer(
    p: Params, source: Tensor, target: Tensor, heads: int, masks: Masks | None = None, pad: int = PAD
) -> tuple[Tensor, dict[str, Tensor]]:
    """source: ids (B, S). target: ids (B, T), beginning with BOS. masks: dropout masks "source" (B, S, d), "target"
    (B, T, d), "encoder" (layers, 2, B, S, d), "decoder" (layers, 3, B, T, d); None in evaluation.

    Returns: logits (B, T, V), and the outputs of all sub-layers by name
    """
    if source.ndim != 2 or target.ndim != 2 or len(source) != len(target):
        raise ValueError(
            "transformer expected source (B, S) and target (B, T) with as many sentences, "
            f"got {tuple(source.shape)} and {tuple(target.shape)}"
        )
    table = p["embedding.weight"]  # (V, d): source, target and output share it (section 3.4)
    record: dict[str, Tensor] = {}
    visible = padding_mask(source, pad)  # (B, 1, 1, S)
    memory = dropout(embed(table, source), masks["source"] if masks else None)
    for i in range(count_layers(p, "encoder")):
        drops = masks["encoder"][i].unbind() if masks else (None, None)
        memory = encoder_layer(p, f"encoder.{i}.", memory, visible, heads, drops, record)
    mask = causal_mask(target.shape[1]) & padding_mask(target, pad)  # (B, 1, T, T)
    x = dropout(embed(table, target), masks["target"] if masks else None)
    for i in range(count_layers(p, "decoder")):
        drops = masks["decoder"][i].unbind() if masks else (None, None, None)
        x = decoder_layer(p, f"decoder.{i}.", x, memory, mask, visible, heads, drops, record)
    return F.linear(x, table), record  # (B, T, V)


def count_layers(p: Params, stack: str) -> int:
    return sum(name.startswith(f"{stack}.") and name.endswith("norm1.weight") for name in p)


# --8<-- [end:model]


# --8<-- [start:label_smoothing]
def smoothed_cross_entropy(logits: Tensor, labels: Tensor, smoothing: float = 0.1, pad: int = PAD) -> Tensor:
    """Mean over the labels that are not `pad` of -sum_v q_v log p_v, q = (1 - eps) one-hot + eps / V (section 5.4).

    logits: (B, T, V). labels: ids (B, T), the target one position later.
    """
    if labels.shape != logits.shape[:-1]:
        raise ValueError(f"expected labels of shape {tuple(logits.shape[:-1])}, got {tuple(labels.shape)}")
    real = labels != pad  # (B, T)
    if not real.any():
        raise ValueError(f"smoothed_cross_entropy got nothing but padding in labels of shape {tuple(labels.shape)}")
    log_p = F.log_softmax(logits, dim=-1)  # (B, T, V)
    right = log_p.gather(-1, labels[..., None])[..., 0]  # (B, T)
    # eq: label-smoothing
    losses = (1.0 - smoothing) * right + smoothing * log_p.mean(dim=-1)  # (B, T)
    return -(losses * real).sum() / real.sum()


# --8<-- [end:label_smoothing]


# --8<-- [start:schedule]
def transformer_schedule(step: int, d_model: int, warmup: int = 4000) -> float:
    """d^-0.5 min(step^-0.5, step warmup^-1.5) (equation 3). step: 1 for the first update."""
    if step < 1 or warmup < 1:
        raise ValueError(f"transformer_schedule counts from 1, got step {step} and warmup {warmup}")
    # eq: learning-rate
    return d_model**-0.5 * min(step**-0.5, step * warmup**-1.5)


# --8<-- [end:schedule]


# --8<-- [start:init]
def add_layer(p: Params, prefix: str, d_model: int, heads: int, d_ff: int, generator: torch.Generator) -> None:
    """One layer of the encoder or, with two attentions, of the decoder."""
    decoder = prefix.startswith("decoder")
    for name in ("self_attention", "cross_attention") if decoder else ("attention",):
        p.update(init_attention(d_model, heads, generator=generator, prefix=f"{prefix}{name}."))
    add_linear(p, f"{prefix}feed_forward.linear1", d_model, d_ff, generator)
    add_linear(p, f"{prefix}feed_forward.linear2", d_ff, d_model, generator)
    for number in (1, 2, 3) if decoder else (1, 2):
        p[f"{prefix}norm{number}.weight"] = torch.ones(d_model, requires_grad=True)
        p[f"{prefix}norm{number}.bias"] = torch.zeros(d_model, requires_grad=True)


def init_transformer(
    vocabulary: int,
    *,
    layers: int = 6,
    d_model: int = 512,
    heads: int = 8,
    d_ff: int = 2048,
    generator: torch.Generator,
) -> Params:
    """Glorot's uniform rule for matrices, N(0, 1/d) for the embedding, biases 0, scales 1. Defaults: Table 3's base model."""
    table = torch.randn(vocabulary, d_model, generator=generator) * d_model**-0.5
    p = {"embedding.weight": table.requires_grad_()}
    for stack in ("encoder", "decoder"):
        for i in range(layers):
            add_layer(p, f"{stack}.{i}.", d_model, heads, d_ff, generator)
    return p


# --8<-- [end:init]
