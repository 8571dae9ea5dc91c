"""The Transformer as a module.

Vaswani et al.: Attention Is All You Need, NeurIPS 2017: section 3.1 (encoder and decoder), 3.2 (attention, equation 1),
3.3 (feed-forward, equation 2), 3.4 (shared embeddings), 3.5 (positions), 5.4 (dropout), Table 3 (sizes).

    B  sentences    S  source tokens    T  target tokens    V  vocabulary    H  heads    d  d_model
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

PAD, BOS, EOS = 0, 1, 2
Masks = Mapping[str, Tensor]
"""Dropout masks drawn outside: "source" (B, S, d), "target" (B, T, d), "encoder" (layers, 2, B, S, d), "decoder" (layers, 3,
B, T, d), one for each sub-layer in order."""


# --8<-- [start:dropout]
class Dropout(nn.Module):
    """x mask with a mask that is given; else, in training, with one drawn from `generator` (None: torch's own stream)."""

    def __init__(self, p: float, generator: torch.Generator | None) -> None:
        super().__init__()
        if not 0 <= p < 1:
            raise ValueError(f"dropout must be in [0, 1), got {p}")
        self.p, self.generator = p, generator

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        if mask is not None:
            return x * mask
        if not self.training or self.p == 0:
            return x
        if self.generator is None:
            return F.dropout(x, self.p)
        return x * torch.empty_like(x).bernoulli_(1 - self.p, generator=self.generator).div_(1 - self.p)


# --8<-- [end:dropout]


# --8<-- [start:positions]
def sinusoids(length: int, d_model: int) -> Tensor:
    """PE(pos, 2i) = sin(pos / 10000^(2i/d)), PE(pos, 2i+1) = cos(the same) (section 3.5). Returns: float64 (length, d)"""
    columns = torch.arange(d_model)
    rates = 10000.0 ** -((columns - columns % 2).double() / d_model)
    angles = torch.arange(length).double()[:, None] * rates
    return torch.where(columns % 2 == 0, angles.sin(), angles.cos())  # eq: sinusoids


# --8<-- [end:positions]


# --8<-- [start:attention]
class MultiHeadAttention(nn.Module):
    """Concat(head_1, ..., head_H) W^O with head_i = Attention(x W_i^Q, memory W_i^K, memory W_i^V) (section 3.2.2).

    Args:
        d_k: width of a head's queries and keys; d_model / heads when None. A head's values are always d_model / heads wide.
    """

    def __init__(self, d_model: int, heads: int, d_k: int | None = None) -> None:
        super().__init__()
        if heads < 1 or d_model % heads:
            raise ValueError(f"d_model must be divisible by heads, got d_model {d_model} and {heads} heads")
        self.heads = heads
        self.q = nn.Linear(d_model, heads * (d_k or d_model // heads))
        self.k = nn.Linear(d_model, heads * (d_k or d_model // heads))
        self.v = nn.Linear(d_model, d_model)
        self.out = nn.Linear(d_model, d_model)

    def split(self, x: Tensor) -> Tensor:
        """(B, T, H d_k) -> (B, H, T, d_k)"""
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def forward(self, x: Tensor, memory: Tensor, mask: Tensor) -> Tensor:
        """x: (B, T, d). memory: (B, S, d). mask: bool, broadcast to (B, H, T, S), True where visible. Returns: (B, T, d)"""
        self._check(x, memory, mask)
        k = self.split(self.k(memory))  # (B, H, S, d_k)
        v = self.split(self.v(memory))  # (B, H, S, d/H)
        q = self.split(self.q(x))  # (B, H, T, d_k)
        # eq: attention
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)  # equation 1: (B, H, T, d/H); 0 if it sees no key
        return self.out(y.transpose(1, 2).flatten(2))  # (B, T, d)

    def keys_values(self, memory: Tensor) -> tuple[Tensor, Tensor]:
        """What decoding keeps. memory: (B, S, d). Returns: k (B, H, S, d_k), v (B, H, S, d/H)"""
        return self.split(self.k(memory)), self.split(self.v(memory))

    def attend(self, x: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> Tensor:
        """`forward` with keys and values that decoding has kept. x: (B, T, d). Returns: (B, T, d)"""
        self._check(x, k, mask)
        y = F.scaled_dot_product_attention(self.split(self.q(x)), k, v, attn_mask=mask)  # (B, H, T, d/H)
        return self.out(y.transpose(1, 2).flatten(2))  # (B, T, d)

    def weights(self, x: Tensor, memory: Tensor, mask: Tensor) -> Tensor:
        """The attention weights alone, for looking at. Returns: (B, H, T, S)"""
        k = self.split(self.k(memory))  # (B, H, S, d_k)
        identity = torch.eye(k.shape[2], dtype=k.dtype, device=k.device).expand(*k.shape[:2], -1, -1)
        return F.scaled_dot_product_attention(self.split(self.q(x)), k, identity, attn_mask=mask)

    def _check(self, x: Tensor, keys: Tensor, mask: Tensor) -> None:
        if mask.dtype != torch.bool:  # torch would add numbers to the scores
            raise ValueError(f"MultiHeadAttention expected a boolean mask, True where visible, got {mask.dtype}")
        if len(x) != len(keys):
            raise ValueError(f"MultiHeadAttention got {len(x)} sentences of queries and {len(keys)} of keys")


# --8<-- [end:attention]


# --8<-- [start:layers]
class FeedForward(nn.Module):
    """max(0, x W_1 + b_1) W_2 + b_2 (equation 2)."""

    def __init__(self, d_model: int, d_ff: int) -> None:
        super().__init__()
        self.linear1 = nn.Linear(d_model, d_ff)
        self.linear2 = nn.Linear(d_ff, d_model)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear2(F.relu(self.linear1(x)))  # eq: feed-forward


class EncoderLayer(nn.Module):
    """x = LayerNorm(x + Dropout(Sublayer(x))), for self-attention and then for the feed-forward network (section 3.1)."""

    def __init__(self, d_model: int, heads: int, d_ff: int, dropout: Dropout, d_k: int | None = None) -> None:
        super().__init__()
        self.attention = MultiHeadAttention(d_model, heads, d_k)
        self.norm1 = nn.LayerNorm(d_model)
        self.feed_forward = FeedForward(d_model, d_ff)
        self.norm2 = nn.LayerNorm(d_model)
        self.dropout = dropout

    def forward(self, x: Tensor, mask: Tensor, drops: Sequence[Tensor | None] = (None, None)) -> Tensor:
        """x: (B, S, d). mask: (B, 1, 1, S), True at real tokens. drops: two dropout masks (B, S, d). Returns: (B, S, d)"""
        x = self.norm1(x + self.dropout(self.attention(x, x, mask), drops[0]))  # eq: post-norm
        return self.norm2(x + self.dropout(self.feed_forward(x), drops[1]))


class DecoderLayer(nn.Module):
    """As the encoder's, with attention to the encoder's output between the two (section 3.1)."""

    def __init__(self, d_model: int, heads: int, d_ff: int, dropout: Dropout, d_k: int | None = None) -> None:
        super().__init__()
        self.self_attention = MultiHeadAttention(d_model, heads, d_k)
        self.norm1 = nn.LayerNorm(d_model)
        self.cross_attention = MultiHeadAttention(d_model, heads, d_k)
        self.norm2 = nn.LayerNorm(d_model)
        self.feed_forward = FeedForward(d_model, d_ff)
        self.norm3 = nn.LayerNorm(d_model)
        self.dropout = dropout

    def forward(
        self,
        x: Tensor,
        memory: Tensor,
        mask: Tensor,
        memory_mask: Tensor,
        drops: Sequence[Tensor | None] = (None, None, None),
    ) -> Tensor:
        """x: (B, T, d). memory: (B, S, d). mask: (B, 1, T, T), causal. memory_mask: (B, 1, 1, S). Returns: (B, T, d)"""
        x = self.norm1(x + self.dropout(self.self_attention(x, x, mask), drops[0]))
        x = self.norm2(x + self.dropout(self.cross_attention(x, memory, memory_mask), drops[1]))
        return self.norm3(x + self.dropout(self.feed_forward(x), drops[2]))

    def step(self, x: Tensor, own: list[Tensor], memory: Sequence[Tensor], mask: Tensor, memory_mask: Tensor) -> Tensor:
        """One new position (B, 1, d). own: keys and values of the positions so far, to which the new ones are added."""
        own[:] = [torch.cat(pair, dim=2) for pair in zip(own, self.self_attention.keys_values(x), strict=True)]
        x = self.norm1(x + self.self_attention.attend(x, own[0], own[1], mask))
        x = self.norm2(x + self.cross_attention.attend(x, memory[0], memory[1], memory_mask))
        return self.norm3(x + self.feed_forward(x))


# --8<-- [end:layers]


def check_tokens(name: str, tokens: Tensor, vocabulary: int) -> None:
    """Refuse an array without tokens and, on a CPU, ids that are not in the vocabulary."""
    if not tokens.numel():
        raise ValueError(f"{name} got no tokens, in an array of shape {tuple(tokens.shape)}; it needs at least one")
    if tokens.device.type == "cpu":  # elsewhere the check would wait for the device
        low, high = int(tokens.min()), int(tokens.max())
        if low < 0 or high >= vocabulary:
            raise ValueError(f"{name} expected token ids from 0 to {vocabulary - 1}, got {low} to {high}")


# --8<-- [start:cache]
@dataclass
class Cache:
    """What decoding remembers: for each layer the keys and values (B, H, n, d_k) of the target and of the source."""

    own: list[list[Tensor]]
    memory: list[tuple[Tensor, Tensor]]
    mask: Tensor  # (B, 1, 1, n) over the target so far
    memory_mask: Tensor  # (B, 1, 1, S)

    def reorder(self, indices: Tensor) -> None:
        """Keep the rows `indices`, in that order and as often as they are named: beams are chosen, copied and dropped."""
        self.own = [[x[indices] for x in layer] for layer in self.own]
        self.memory = [(k[indices], v[indices]) for k, v in self.memory]
        self.mask, self.memory_mask = self.mask[indices], self.memory_mask[indices]


# --8<-- [end:cache]


# --8<-- [start:model]
class Transformer(nn.Module):
    """Encoder and decoder with one embedding for source, target and output (section 3.4). Defaults: Table 3's base model.

    Args:
        max_length: positions of the table; a longer sentence is refused.
        d_k: width of a head's keys, where it is not d_model / heads (Table 3, rows B).
        learned_positions: a trained table in place of the sinusoids (Table 3, row E).
        generator: draws the initial weights and, in training, the dropout masks; torch's own stream when None.
    """

    positions: Tensor
    encoder: Any  # ModuleLists, whose items have no type
    decoder: Any

    def __init__(
        self,
        vocabulary: int,
        *,
        layers: int = 6,
        d_model: int = 512,
        heads: int = 8,
        d_ff: int = 2048,
        dropout: float = 0.1,
        pad: int = PAD,
        max_length: int = 1024,
        d_k: int | None = None,
        learned_positions: bool = False,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.pad, self.d_model = pad, d_model
        self.embedding = nn.Embedding(vocabulary, d_model)
        if learned_positions:
            self.positions = nn.Parameter(torch.zeros(max_length, d_model))
        else:
            table = sinusoids(max_length, d_model).to(torch.get_default_dtype())
            self.register_buffer("positions", table, persistent=False)
        self.dropout = Dropout(dropout, generator)
        sizes = (d_model, heads, d_ff, self.dropout, d_k)
        self.encoder = nn.ModuleList(EncoderLayer(*sizes) for _ in range(layers))
        self.decoder = nn.ModuleList(DecoderLayer(*sizes) for _ in range(layers))
        init_transformer(self, generator)

    def forward(self, source: Tensor, target: Tensor, masks: Masks | None = None) -> Tensor:
        """source: ids (B, S). target: ids (B, T), beginning with BOS. masks: see `Masks`. Returns: logits (B, T, V)"""
        if source.ndim != 2 or target.ndim != 2 or len(source) != len(target):
            raise ValueError(
                "Transformer expected source (B, S) and target (B, T) with as many sentences, "
                f"got {tuple(source.shape)} and {tuple(target.shape)}"
            )
        return self.decode(target, self.encode(source, masks), source, masks)

    def encode(self, source: Tensor, masks: Masks | None = None) -> Tensor:
        """source: ids (B, S). Returns: memory (B, S, d)"""
        visible = (source != self.pad)[:, None, None, :]  # (B, 1, 1, S)
        x = self.dropout(self.embed(source), masks["source"] if masks else None)
        for i, layer in enumerate(self.encoder):
            x = layer(x, visible, masks["encoder"][i] if masks else (None, None))
        return x

    def decode(self, target: Tensor, memory: Tensor, source: Tensor, masks: Masks | None = None) -> Tensor:
        """target: ids (B, T). memory: (B, S, d). source: its ids (B, S), for the padding. Returns: logits (B, T, V)"""
        length = target.shape[1]
        causal = torch.ones(length, length, dtype=torch.bool, device=target.device).tril()
        mask = causal & (target != self.pad)[:, None, None, :]  # (B, 1, T, T)
        memory_mask = (source != self.pad)[:, None, None, :]  # (B, 1, 1, S)
        x = self.dropout(self.embed(target), masks["target"] if masks else None)
        for i, layer in enumerate(self.decoder):
            x = layer(x, memory, mask, memory_mask, masks["decoder"][i] if masks else (None, None, None))
        return self.logits(x)

    def embed(self, tokens: Tensor, start: int = 0) -> Tensor:
        """sqrt(d) E[token] + PE[position], the first position being `start`. tokens: (B, T). Returns: (B, T, d)"""
        end = start + tokens.shape[1]
        if end > len(self.positions):
            raise ValueError(f"Transformer has positions for {len(self.positions)} tokens, got a sentence of {end}")
        check_tokens("Transformer", tokens, self.embedding.num_embeddings)
        # eq: embedding-and-position
        return math.sqrt(self.d_model) * self.embedding(tokens) + self.positions[start:end]

    def logits(self, x: Tensor) -> Tensor:
        """x E': the embedding is the output matrix too (section 3.4). x: (..., d). Returns: (..., V)"""
        return F.linear(x, self.embedding.weight)

    def start(self, source: Tensor) -> Cache:
        """Encode, and make the cache that `step` continues. source: ids (B, S)."""
        memory = self.encode(source)
        return Cache(
            [list(layer.self_attention.keys_values(memory[:, :0])) for layer in self.decoder],  # nothing yet
            [layer.cross_attention.keys_values(memory) for layer in self.decoder],
            torch.zeros(len(source), 1, 1, 0, dtype=torch.bool, device=source.device),
            (source != self.pad)[:, None, None, :],
        )

    def step(self, tokens: Tensor, cache: Cache) -> Tensor:
        """The next token's logits, in evaluation mode. tokens: the newest ids (B,). Returns: logits (B, V)"""
        x = self.embed(tokens[:, None], start=cache.mask.shape[3])
        cache.mask = torch.cat([cache.mask, (tokens != self.pad)[:, None, None, None]], dim=3)
        for layer, own, memory in zip(self.decoder, cache.own, cache.memory, strict=True):
            x = layer.step(x, own, memory, cache.mask, cache.memory_mask)
        return self.logits(x[:, 0])


# --8<-- [end:model]


# --8<-- [start:configurations]
def base(vocabulary: int, generator: torch.Generator | None = None) -> Transformer:
    """Table 3, base: 65 million parameters at the paper's vocabulary."""
    return Transformer(vocabulary, generator=generator)


def big(vocabulary: int, generator: torch.Generator | None = None) -> Transformer:
    """Table 3, big: 213 million parameters at the paper's vocabulary."""
    return Transformer(vocabulary, d_model=1024, heads=16, d_ff=4096, dropout=0.3, generator=generator)


# --8<-- [end:configurations]


# --8<-- [start:init]
def init_transformer(model: Transformer, generator: torch.Generator | None) -> None:
    """Glorot's uniform rule for matrices, N(0, 1/d) for embeddings and learned positions, biases 0, scales 1: what the
    paper's published code does. The paper says nothing of it."""
    for name, p in model.named_parameters():
        if name.endswith(("embedding.weight", "positions")):
            nn.init.normal_(p, std=model.d_model**-0.5, generator=generator)
        elif p.ndim == 2:
            nn.init.xavier_uniform_(p, generator=generator)
        elif name.endswith("bias"):
            nn.init.zeros_(p)


# --8<-- [end:init]
