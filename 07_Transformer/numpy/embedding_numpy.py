"""Embeddings and positions in NumPy, forward and backward.

Vaswani et al.: Attention Is All You Need, NeurIPS 2017: section 3.4 (embeddings shared with the output), 3.5 (positions).
Derivations: `../theory.md`.

    B  sentences    T  tokens    V  vocabulary    d  d_model
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from module_numpy import Module

Array = np.ndarray


# --8<-- [start:embedding]
class Embedding(Module):
    """y = E[token]: row `token` of a table.

    Args:
        vocabulary, d_model: rows and columns of the table.
        rng: draws it from N(0, 1/d), so that sqrt(d) E[token] has variance 1.

    Raises:
        ValueError: ids that are no integers, or outside 0..V-1 (NumPy would count a negative id from the end).
    """

    def __init__(self, vocabulary: int, d_model: int, *, rng: np.random.Generator, dtype: Any = np.float64) -> None:
        super().__init__()
        table = rng.normal(size=(vocabulary, d_model)) * d_model**-0.5
        self.weight = self.add_param("weight", table.astype(dtype))  # (V, d)

    def tied(self) -> Embedding:
        """A second look-up in the same table. Table and gradient are shared, the ids that `backward` needs are not."""
        return copy.copy(self)

    def forward(self, tokens: Array) -> Array:
        """tokens: integers, any shape. Returns: (..., d)"""
        check_tokens("Embedding", tokens, len(self.weight))
        self.tokens = tokens
        return self.weight[tokens]

    def backward(self, dy: Array) -> None:
        """dy: (..., d). Adds to `grads`; ids have no gradient."""
        expected = (*self.tokens.shape, self.weight.shape[1])
        if dy.shape != expected:
            raise ValueError(f"Embedding.backward expected dy of shape {expected}, got {dy.shape}")
        # dE[v] = sum of dy over the places where the token is v: sort the places by token, add up each run of equal ones
        tokens = self.tokens.reshape(-1)  # (N,)
        order = np.argsort(tokens, kind="stable")
        found, starts = np.unique(tokens[order], return_index=True)
        # eq: embedding-backward
        self.grads["weight"][found] += np.add.reduceat(dy.reshape(len(tokens), -1)[order], starts, axis=0)


# --8<-- [end:embedding]


# --8<-- [start:unembedding]
class Unembedding(Module):
    """logits = x E', with the table E of an `Embedding`: the matrix before the softmax is the embedding (section 3.4)."""

    def __init__(self, embedding: Embedding) -> None:
        super().__init__()
        self._own = embedding._own  # the very arrays of the embedding: both add to one gradient
        self.weight = embedding.weight  # (V, d)

    def forward(self, x: Array) -> Array:
        """x: (..., d). Returns: logits (..., V)"""
        if x.ndim == 0 or x.shape[-1] != self.weight.shape[1]:
            raise ValueError(f"Unembedding expected (..., {self.weight.shape[1]}), got {x.shape}")
        if x.size == 0:
            raise ValueError(f"Unembedding got an empty batch of shape {x.shape}; it needs at least one example")
        self.x = x
        rows = x.reshape(-1, x.shape[-1])  # (N, d): one product for all tokens of all sentences
        return (rows @ self.weight.T).reshape(*x.shape[:-1], -1)  # (N, V) -> (..., V)

    def backward(self, dy: Array) -> Array:
        """dy: (..., V). Adds to `grads`. Returns: dx (..., d)"""
        expected = (*self.x.shape[:-1], len(self.weight))
        if dy.shape != expected:
            raise ValueError(f"Unembedding.backward expected dy of shape {expected}, got {dy.shape}")
        rows = dy.reshape(-1, dy.shape[-1])  # (N, V)
        # eq: logits-backward
        self.grads["weight"] += rows.T @ self.x.reshape(len(rows), -1)  # dE = dy' x, beside the look-ups' own share
        # eq: logits-backward
        return (rows @ self.weight).reshape(self.x.shape)  # dx = dy E


# --8<-- [end:unembedding]


# --8<-- [start:positions]
def sinusoids(length: int, d_model: int) -> Array:
    """PE(pos, 2i) = sin(pos / 10000^(2i/d)), PE(pos, 2i+1) = cos(the same) (section 3.5). Returns: float64 (length, d)"""
    columns = np.arange(d_model)
    rates = 10000.0 ** -((columns - columns % 2) / d_model)  # columns 2i and 2i+1 have the rate of 2i
    angles = np.arange(length)[:, None] * rates
    # eq: sinusoids
    return np.where(columns % 2 == 0, np.sin(angles), np.cos(angles))


class PositionalEncoding(Module):
    """y = x + PE[position].

    Raises:
        ValueError: no tokens, a sentence longer than the table, or of another width.
    """

    def __init__(self, max_length: int, d_model: int, *, dtype: Any = np.float64) -> None:
        super().__init__()
        self.table = sinusoids(max_length, d_model).astype(dtype)  # fixed: neither a parameter nor saved

    def forward(self, x: Array, start: int = 0) -> Array:
        """x: (B, T, d), its first token at position `start`. Returns: (B, T, d)"""
        length, d_model = self.table.shape
        if x.ndim != 3 or x.shape[2] != d_model:
            raise ValueError(f"PositionalEncoding expected (B, T, {d_model}), got {x.shape}")
        if x.size == 0:
            raise ValueError(f"PositionalEncoding got an empty batch of shape {x.shape}; it needs at least one token")
        end = start + x.shape[1]
        if end > length:
            raise ValueError(
                f"PositionalEncoding has a table for {length} tokens, got a sentence of {end} with {x.shape}"
            )
        return x + self.table[start:end]

    def backward(self, dy: Array) -> Array:
        return dy  # dx = dy: the table is a constant


# --8<-- [end:positions]


def check_tokens(name: str, tokens: Array, vocabulary: int) -> None:
    """Refuse ids that are no integers or not in the vocabulary."""
    if not np.issubdtype(tokens.dtype, np.integer):
        raise ValueError(f"{name} expected integer token ids, got {tokens.dtype}")
    if tokens.size == 0:
        raise ValueError(f"{name} got no tokens, in an array of shape {tokens.shape}; it needs at least one")
    if tokens.min() < 0 or tokens.max() >= vocabulary:
        wrong = tokens[(tokens < 0) | (tokens >= vocabulary)].flat[0]
        raise ValueError(f"{name} expected token ids from 0 to {vocabulary - 1}, got {wrong}")
