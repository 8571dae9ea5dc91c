"""What the Transformer is compared with: a recurrent encoder-decoder with additive attention.

Bahdanau, Cho and Bengio: Neural Machine Translation by Jointly Learning to Align and Translate, ICLR 2015: a GRU that reads
the source in both directions, and a GRU that writes the target and looks at the source anew before every token. Embedding,
dropout and decoding are those of `transformer_paper` and `decoding_paper`, so that the two models differ in what lies
between.

    B  sentences    S  source tokens    T  target tokens    V  vocabulary    E  width of the embedding    H  of the states
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from transformer_paper import PAD, Dropout, check_tokens


# --8<-- [start:additive_attention]
class AdditiveAttention(nn.Module):
    """score_j = v' tanh(W s + U h_j); the context is the mean of the h_j, weighted by softmax(score) (section 3.1)."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.query = nn.Linear(hidden, hidden, bias=False)
        self.key = nn.Linear(hidden, hidden)
        self.score = nn.Linear(hidden, 1, bias=False)

    def weights(self, state: Tensor, keys: Tensor, mask: Tensor) -> Tensor:
        """state: (B, H). keys: U h, (B, S, H). mask: bool (B, S), True at real tokens. Returns: (B, S)"""
        scores = self.score(torch.tanh(self.query(state)[:, None] + keys)).squeeze(2)  # (B, S)
        weights = scores.masked_fill(~mask, -torch.inf).softmax(dim=1)
        return weights.masked_fill(~mask, 0.0)  # a sentence of padding alone has none: 0 in place of 0/0

    def forward(self, state: Tensor, memory: Tensor, keys: Tensor, mask: Tensor) -> Tensor:
        """memory: the h, (B, S, H). Returns: the context (B, H)"""
        return (self.weights(state, keys, mask)[:, None] @ memory).squeeze(1)


# --8<-- [end:additive_attention]


@dataclass
class GruCache:
    """What decoding remembers: the source, and the decoder's state."""

    memory: Tensor  # (B, S, H)
    keys: Tensor  # (B, S, H)
    mask: Tensor  # (B, S)
    state: Tensor  # (B, H)

    def reorder(self, indices: Tensor) -> None:
        """Keep the rows `indices`, in that order and as often as they are named."""
        self.memory, self.keys, self.mask = self.memory[indices], self.keys[indices], self.mask[indices]
        self.state = self.state[indices]


# --8<-- [start:gru_model]
class GruTranslator(nn.Module):
    """Encoder, attention and decoder, with one embedding for source, target and output.

    Args:
        hidden: width of the states, even: half of it for each direction of the encoder.
        generator: draws the initial weights and, in training, the dropout masks; torch's own stream when None.
    """

    def __init__(
        self,
        vocabulary: int,
        *,
        embedding: int = 128,
        hidden: int = 256,
        dropout: float = 0.1,
        pad: int = PAD,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        if hidden % 2:
            raise ValueError(f"hidden must be even, half of it for each direction, got {hidden}")
        self.pad = pad
        self.embedding = nn.Embedding(vocabulary, embedding)
        self.encoder = nn.GRU(embedding, hidden // 2, batch_first=True, bidirectional=True)
        self.bridge = nn.Linear(hidden, hidden)
        self.attention = AdditiveAttention(hidden)
        self.decoder = nn.GRUCell(embedding + hidden, hidden)
        self.out = nn.Linear(embedding + 2 * hidden, embedding)
        self.dropout = Dropout(dropout, generator)
        for name, p in self.named_parameters():
            if name == "embedding.weight":
                nn.init.normal_(p, std=embedding**-0.5, generator=generator)
            elif p.ndim == 2:
                nn.init.xavier_uniform_(p, generator=generator)
            else:
                nn.init.zeros_(p)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        """source: ids (B, S). target: ids (B, T), beginning with BOS. Returns: logits (B, T, V)"""
        if source.ndim != 2 or target.ndim != 2 or len(source) != len(target):
            raise ValueError(
                "GruTranslator expected source (B, S) and target (B, T) with as many sentences, "
                f"got {tuple(source.shape)} and {tuple(target.shape)}"
            )
        cache = self.start(source)
        inputs = self.dropout(self.embed(target))  # (B, T, E)
        seen = torch.stack([self._advance(x, cache) for x in inputs.unbind(1)], dim=1)  # (B, T, E + 2H)
        return self._logits(seen)

    def encode(self, source: Tensor) -> Tensor:
        """source: ids (B, S). Returns: the states of both directions side by side (B, S, H), 0 at padding"""
        lengths = (source != self.pad).sum(dim=1).clamp(min=1)  # the reverse direction must not begin in the padding
        x = self.dropout(self.embed(source))  # (B, S, E)
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        return pad_packed_sequence(self.encoder(packed)[0], batch_first=True, total_length=source.shape[1])[0]

    def start(self, source: Tensor) -> GruCache:
        """Encode, and make the cache that `step` continues. source: ids (B, S)."""
        memory, mask = self.encode(source), source != self.pad
        half = memory.shape[2] // 2
        last = (mask.sum(dim=1) - 1).clamp(min=0)[:, None, None].expand(-1, 1, half)
        ends = [memory[:, :, :half].gather(1, last).squeeze(1), memory[:, 0, half:]]  # where each direction stops
        state = torch.tanh(self.bridge(torch.cat(ends, dim=1)))  # (B, H)
        return GruCache(memory, self.attention.key(memory), mask, state)

    def step(self, tokens: Tensor, cache: GruCache) -> Tensor:
        """The next token's logits, in evaluation mode. tokens: the newest ids (B,). Returns: logits (B, V)"""
        return self._logits(self._advance(self.embed(tokens), cache))

    def embed(self, tokens: Tensor) -> Tensor:
        """tokens: ids, any shape. Returns: (..., E)"""
        check_tokens("GruTranslator", tokens, self.embedding.num_embeddings)
        return self.embedding(tokens)

    def _advance(self, x: Tensor, cache: GruCache) -> Tensor:
        """One token x (B, E): look at the source, then change the state. Returns: (B, E + 2H)"""
        context = self.attention(cache.state, cache.memory, cache.keys, cache.mask)
        cache.state = self.decoder(torch.cat([x, context], dim=1), cache.state)
        return torch.cat([x, context, cache.state], dim=1)

    def _logits(self, seen: Tensor) -> Tensor:
        """seen: (..., E + 2H). Returns: (..., V)"""
        return F.linear(self.dropout(torch.tanh(self.out(seen))), self.embedding.weight)


# --8<-- [end:gru_model]
