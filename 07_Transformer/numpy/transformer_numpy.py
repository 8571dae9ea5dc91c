"""The Transformer in NumPy: encoder and decoder with every gradient by hand.

Vaswani et al.: Attention Is All You Need, NeurIPS 2017: section 3.1 (layers, residuals, norms), 3.3 (equation 2),
3.4 (shared embeddings), 5.4 (where dropout stands). Attention, normalisation and embeddings have modules of their own.

    B  sentences    S  source tokens    T  target tokens    V  vocabulary    d  d_model
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from activations_numpy import ReLU
from attention_numpy import MultiHeadAttention, causal_mask, padding_mask
from decoding_numpy import Cache
from embedding_numpy import Embedding, PositionalEncoding, Unembedding
from layernorm_numpy import LayerNorm
from linear_numpy import Linear
from mlp_numpy import Dropout, dropout_mask
from module_numpy import Module

Array = np.ndarray
Masks = Mapping[str, Array]
PAD, BOS, EOS = 0, 1, 2


# --8<-- [start:dropout]
def dropout_masks(
    layers: int, source: tuple[int, int], target: tuple[int, int], d_model: int, p: float, *, rng: np.random.Generator
) -> dict[str, Array]:
    """Masks for every place where the paper drops (section 5.4): the two sums of embedding and position, and the output of
    every sub-layer. source: (B, S). target: (B, T).

    Returns: "source" (B, S, d), "target" (B, T, d), "encoder" (layers, 2, B, S, d), "decoder" (layers, 3, B, T, d)
    """
    shapes = {"source": source, "target": target, "encoder": (layers, 2, *source), "decoder": (layers, 3, *target)}
    return {name: dropout_mask((*shape, d_model), p, rng=rng) for name, shape in shapes.items()}


# --8<-- [end:dropout]


# --8<-- [start:feed_forward]
class FeedForward(Module):
    """max(0, x W_1 + b_1) W_2 + b_2, for every token alone (equation 2)."""

    def __init__(self, d_model: int, d_ff: int, *, rng: np.random.Generator, dtype: Any = np.float64) -> None:
        super().__init__()
        self.linear1 = Linear(d_model, d_ff, rng=rng, dtype=dtype)
        self.relu = ReLU()
        self.linear2 = Linear(d_ff, d_model, rng=rng, dtype=dtype)

    def forward(self, x: Array) -> Array:
        """x: (B, T, d). Returns: (B, T, d)"""
        if x.ndim != 3 or x.shape[2] != self.linear1.in_features:
            raise ValueError(f"FeedForward expected (B, T, {self.linear1.in_features}), got {x.shape}")
        rows = x.reshape(-1, x.shape[-1])  # (B T, d): every token a row
        # eq: feed-forward
        rows = self.relu.forward(self.linear1.forward(rows))  # (B T, d_ff)
        # eq: feed-forward
        return self.linear2.forward(rows).reshape(x.shape)  # (B, T, d)

    def backward(self, dy: Array) -> Array:
        """dy: (B, T, d). Adds to `grads`. Returns: dx (B, T, d)"""
        rows = dy.reshape(-1, dy.shape[-1])  # (B T, d)
        # eq: feed-forward-backward
        rows = self.relu.backward(self.linear2.backward(rows))  # (B T, d_ff)
        return self.linear1.backward(rows).reshape(dy.shape)  # (B, T, d)


# --8<-- [end:feed_forward]


# --8<-- [start:layers]
# --8<-- [start:encoder_layer]
class EncoderLayer(Module):
    """x = LayerNorm(x + Dropout(Sublayer(x))), for self-attention and then for the feed-forward network (section 3.1)."""

    def __init__(
        self,
        d_model: int,
        heads: int,
        d_ff: int,
        *,
        d_k: int | None = None,
        rng: np.random.Generator,
        dtype: Any = np.float64,
    ) -> None:
        super().__init__()
        self.attention = MultiHeadAttention(d_model, heads, d_k=d_k, rng=rng, dtype=dtype)
        self.dropout1 = Dropout()
        self.norm1 = LayerNorm(d_model, dtype=dtype)
        self.feed_forward = FeedForward(d_model, d_ff, rng=rng, dtype=dtype)
        self.dropout2 = Dropout()
        self.norm2 = LayerNorm(d_model, dtype=dtype)

    def forward(self, x: Array, mask: Array, drops: Sequence[Array | None] = (None, None)) -> Array:
        """x: (B, S, d). mask: (B, 1, 1, S), True at real tokens. drops: two dropout masks (B, S, d). Returns: (B, S, d)"""
        x = self.norm1.forward(x + self.dropout1.forward(self.attention.forward(x, x, mask), drops[0]))
        # eq: post-norm
        return self.norm2.forward(x + self.dropout2.forward(self.feed_forward.forward(x), drops[1]))

    def backward(self, dy: Array) -> Array:
        """dy: (B, S, d). Adds to `grads`. Returns: dx (B, S, d)"""
        dsum = self.norm2.backward(dy)  # the sum passes its gradient to both of its terms
        # eq: residual-backward
        dx = dsum + self.feed_forward.backward(self.dropout2.backward(dsum))
        dsum = self.norm1.backward(dx)
        dqueries, dkeys = self.attention.backward(self.dropout1.backward(dsum))
        return dsum + dqueries + dkeys  # x was residual, query, and key and value


# --8<-- [end:encoder_layer]


# --8<-- [start:decoder_layer]
class DecoderLayer(Module):
    """As the encoder's, with attention to the encoder's output between the two (section 3.1)."""

    def __init__(
        self,
        d_model: int,
        heads: int,
        d_ff: int,
        *,
        d_k: int | None = None,
        rng: np.random.Generator,
        dtype: Any = np.float64,
    ) -> None:
        super().__init__()
        self.self_attention = MultiHeadAttention(d_model, heads, d_k=d_k, rng=rng, dtype=dtype)
        self.dropout1 = Dropout()
        self.norm1 = LayerNorm(d_model, dtype=dtype)
        self.cross_attention = MultiHeadAttention(d_model, heads, d_k=d_k, rng=rng, dtype=dtype)
        self.dropout2 = Dropout()
        self.norm2 = LayerNorm(d_model, dtype=dtype)
        self.feed_forward = FeedForward(d_model, d_ff, rng=rng, dtype=dtype)
        self.dropout3 = Dropout()
        self.norm3 = LayerNorm(d_model, dtype=dtype)

    def forward(
        self,
        x: Array,
        memory: Array,
        mask: Array,
        memory_mask: Array,
        drops: Sequence[Array | None] = (None, None, None),
    ) -> Array:
        """x: (B, T, d). memory: (B, S, d). mask: (B, 1, T, T), causal. memory_mask: (B, 1, 1, S). Returns: (B, T, d)"""
        x = self.norm1.forward(x + self.dropout1.forward(self.self_attention.forward(x, x, mask), drops[0]))
        looked_up = self.cross_attention.forward(x, memory, memory_mask)  # queries from x, keys and values from memory
        x = self.norm2.forward(x + self.dropout2.forward(looked_up, drops[1]))
        return self.norm3.forward(x + self.dropout3.forward(self.feed_forward.forward(x), drops[2]))

    def backward(self, dy: Array) -> tuple[Array, Array]:
        """dy: (B, T, d). Adds to `grads`. Returns: dx (B, T, d), dmemory (B, S, d)"""
        dsum = self.norm3.backward(dy)
        dx = dsum + self.feed_forward.backward(self.dropout3.backward(dsum))
        dsum = self.norm2.backward(dx)
        dqueries, dmemory = self.cross_attention.backward(self.dropout2.backward(dsum))
        dsum = self.norm1.backward(dsum + dqueries)
        dqueries, dkeys = self.self_attention.backward(self.dropout1.backward(dsum))
        return dsum + dqueries + dkeys, dmemory

    def step(self, x: Array, own: list[Array], memory: Sequence[Array], mask: Array, memory_mask: Array) -> Array:
        """One new position (B, 1, d). own: keys and values of the positions so far, to which the new ones are added."""
        new = self.self_attention.keys_values(x)  # (B, H, 1, d_k), (B, H, 1, d/H)
        own[:] = [np.concatenate(pair, axis=2) for pair in zip(own, new, strict=True)] if own else new
        x = self.norm1.forward(x + self.self_attention.attend(x, own[0], own[1], mask))
        x = self.norm2.forward(x + self.cross_attention.attend(x, memory[0], memory[1], memory_mask))
        return self.norm3.forward(x + self.feed_forward.forward(x))


# --8<-- [end:decoder_layer]
# --8<-- [end:layers]


# --8<-- [start:model]
class Transformer(Module):
    """Encoder and decoder with one embedding for source, target and output (section 3.4). Defaults: Table 3's base model.

    Args:
        max_length: positions of the table; a longer sentence is refused.
        d_k: width of a head's keys, where it is not d_model / heads (Table 3, rows B).
        rng: draws matrices by Glorot's uniform rule and the embedding from N(0, 1/d); biases 0, scales 1.

    Raises:
        ValueError: d_model not divisible by heads; from `forward`, ids outside the vocabulary, a sentence longer than the
            table, or unequal numbers of sentences.
    """

    def __init__(
        self,
        vocabulary: int,
        *,
        layers: int = 6,
        d_model: int = 512,
        heads: int = 8,
        d_ff: int = 2048,
        pad: int = PAD,
        max_length: int = 1024,
        d_k: int | None = None,
        rng: np.random.Generator,
        dtype: Any = np.float64,
    ) -> None:
        super().__init__()
        self.pad, self.scale = pad, math.sqrt(d_model)
        options: dict[str, Any] = {"d_k": d_k, "rng": rng, "dtype": dtype}
        self.embedding = Embedding(vocabulary, d_model, rng=rng, dtype=dtype)
        self.target_embedding = self.embedding.tied()
        self.positions = PositionalEncoding(max_length, d_model, dtype=dtype)
        self.source_dropout, self.target_dropout = Dropout(), Dropout()
        self.encoder = [EncoderLayer(d_model, heads, d_ff, **options) for _ in range(layers)]
        self.decoder = [DecoderLayer(d_model, heads, d_ff, **options) for _ in range(layers)]
        self.output = Unembedding(self.embedding)

    def forward(self, source: Array, target: Array, masks: Masks | None = None) -> Array:
        """source: ids (B, S). target: ids (B, T), beginning with BOS. masks: as `dropout_masks` makes them; None in
        evaluation. Returns: logits (B, T, V)"""
        if source.ndim != 2 or target.ndim != 2 or len(source) != len(target):
            raise ValueError(
                "Transformer expected source (B, S) and target (B, T) with as many sentences, "
                f"got {source.shape} and {target.shape}"
            )
        return self.decode(target, self.encode(source, masks), source, masks)

    def encode(self, source: Array, masks: Masks | None = None) -> Array:
        """source: ids (B, S). Returns: memory (B, S, d)"""
        visible = padding_mask(source, self.pad)  # (B, 1, 1, S)
        # eq: embedding-and-position
        x = self.positions.forward(self.scale * self.embedding.forward(source))  # (B, S, d)
        x = self.source_dropout.forward(x, masks["source"] if masks else None)
        for i, layer in enumerate(self.encoder):
            x = layer.forward(x, visible, masks["encoder"][i] if masks else (None, None))
        return x

    def decode(self, target: Array, memory: Array, source: Array, masks: Masks | None = None) -> Array:
        """target: ids (B, T). memory: (B, S, d). source: its ids (B, S), for the padding. Returns: logits (B, T, V)"""
        mask = causal_mask(target.shape[1]) & padding_mask(target, self.pad)  # (B, 1, T, T)
        memory_mask = padding_mask(source, self.pad)  # (B, 1, 1, S)
        x = self.positions.forward(self.scale * self.target_embedding.forward(target))  # (B, T, d)
        x = self.target_dropout.forward(x, masks["target"] if masks else None)
        for i, layer in enumerate(self.decoder):
            x = layer.forward(x, memory, mask, memory_mask, masks["decoder"][i] if masks else (None, None, None))
        return self.output.forward(x)

    def backward(self, dlogits: Array) -> None:
        """dlogits: (B, T, V). Adds to `grads`; ids have no gradient."""
        # eq: embedding-sum
        dx = self.output.backward(dlogits)  # the embedding's first share: as output matrix
        dmemory: Array | float = 0.0
        for layer in reversed(self.decoder):
            dx, share = layer.backward(dx)
            dmemory = dmemory + share  # every decoder layer has looked at the memory
        # eq: embedding-sum
        self.target_embedding.backward(self.scale * self.target_dropout.backward(dx))  # its second: as target's rows
        dx = np.asarray(dmemory)
        for layer in reversed(self.encoder):
            dx = layer.backward(dx)
        # eq: embedding-sum
        self.embedding.backward(self.scale * self.source_dropout.backward(dx))  # its third: as source's rows

    def start(self, source: Array) -> Cache:
        """Encode, and make the cache that `step` continues. source: ids (B, S)."""
        memory = self.encode(source)
        return Cache(
            own=[[] for _ in self.decoder],
            memory=[layer.cross_attention.keys_values(memory) for layer in self.decoder],
            mask=np.zeros((len(source), 1, 1, 0), dtype=bool),
            memory_mask=padding_mask(source, self.pad),
        )

    def step(self, tokens: Array, cache: Cache) -> Array:
        """The next token's logits. tokens: the newest ids (B,). Returns: logits (B, V)"""
        embedded = self.scale * self.target_embedding.forward(tokens[:, None])  # (B, 1, d)
        x = self.positions.forward(embedded, start=cache.mask.shape[3])
        cache.mask = np.concatenate([cache.mask, padding_mask(tokens[:, None], self.pad)], axis=3)
        for layer, own, memory in zip(self.decoder, cache.own, cache.memory, strict=True):
            x = layer.step(x, own, memory, cache.mask, cache.memory_mask)
        return self.output.forward(x[:, 0])


# --8<-- [end:model]
