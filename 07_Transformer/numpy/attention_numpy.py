"""Attention in NumPy: masked softmax, scaled dot-product attention, multi-head attention, forward and backward.

Vaswani et al.: Attention Is All You Need, NeurIPS 2017: section 3.2 (equation 1, and 3.2.2 for several heads).
Derivations: `../theory.md`.

    B  sentences    H  heads    T  queries    S  keys    d  d_model    d_k  width of a head's queries and keys
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from linear_numpy import Linear
from module_numpy import Module

Array = np.ndarray


# --8<-- [start:masks]
def causal_mask(length: int) -> Array:
    """Position t sees 0..t, itself included. Returns: bool (T, T), True where visible"""
    return np.tril(np.ones((length, length), dtype=bool))


def padding_mask(tokens: Array, pad: int = 0) -> Array:
    """Every query sees the real tokens and not the padding. tokens: ids (B, S). Returns: bool (B, 1, 1, S)"""
    if tokens.ndim != 2:
        raise ValueError(f"padding_mask expected token ids (B, S), got shape {tokens.shape}")
    return (tokens != pad)[:, None, None, :]


# --8<-- [end:masks]


# --8<-- [start:softmax]
def softmax(scores: Array, mask: Array | None = None) -> Array:
    """exp(s) / sum exp(s) on the last axis, over the visible entries; a row without any is zero everywhere.

    scores: (..., S). mask: bool, broadcast to it, True where visible. Returns: (..., S)
    """
    if mask is not None:
        scores = np.where(mask, scores, -np.inf)  # exp(-inf) = 0  # eq: masked-scores
    largest = scores.max(axis=-1, keepdims=True)  # (..., 1)
    e = scores - np.where(largest == -np.inf, 0.0, largest)  # -inf - (-inf) would be no number
    np.exp(e, out=e)
    total = e.sum(axis=-1, keepdims=True)  # (..., 1)
    e /= np.where(total == 0, 1.0, total)  # 0 / 1 for a row without any visible entry
    return e


def softmax_backward(p: Array, dp: Array) -> Array:
    """p, dp: (..., S), the output and its gradient. Returns: ds (..., S)"""
    # eq: softmax-backward
    ds = dp - np.einsum("...s,...s->...", dp, p)[..., None]  # ds = p (dp - sum(dp p)), the Jacobian diag(p) - p p'
    ds *= p  # a hidden entry has p = 0, so it gets no gradient
    return ds


# --8<-- [end:softmax]


# --8<-- [start:attention]
class ScaledDotProductAttention(Module):
    """softmax(q k' / sqrt(d_k)) v (equation 1). `weights` keeps the softmax, to be looked at.

    A query that sees no key gives 0.

    Raises:
        ValueError: no query or no key, shapes that do not fit, or a mask that is not boolean.
    """

    def forward(self, q: Array, k: Array, v: Array, mask: Array | None = None) -> Array:
        """q: (..., T, d_k). k: (..., S, d_k). v: (..., S, d_v). mask: bool, broadcast to (..., T, S). Returns: (..., T, d_v)"""
        if q.shape[-1] != k.shape[-1] or k.shape[:-1] != v.shape[:-1] or q.shape[:-2] != k.shape[:-2]:
            raise ValueError(
                "ScaledDotProductAttention expected q (..., T, d_k), k (..., S, d_k) and v (..., S, d_v), "
                f"got {q.shape}, {k.shape} and {v.shape}"
            )
        if q.size == 0 or k.size == 0:
            raise ValueError(
                "ScaledDotProductAttention needs at least one query and one key, got an empty q or k: "
                f"{q.shape} and {k.shape}"
            )
        check_mask("ScaledDotProductAttention", mask, (*q.shape[:-1], k.shape[-2]))
        self.q, self.k, self.v = q, k, v
        self.scale = 1.0 / math.sqrt(q.shape[-1])  # the scores of random q and k then have variance 1, not d_k
        scores = q @ k.swapaxes(-1, -2)  # (..., T, S)
        scores *= self.scale
        # eq: attention
        self.weights = softmax(scores, mask)
        return self.weights @ v  # (..., T, d_v)

    def backward(self, dy: Array) -> tuple[Array, Array, Array]:
        """dy: (..., T, d_v). Returns: dq, dk, dv of the shapes of q, k, v"""
        expected = (*self.q.shape[:-1], self.v.shape[-1])
        if dy.shape != expected:
            raise ValueError(f"ScaledDotProductAttention.backward expected dy of shape {expected}, got {dy.shape}")
        # eq: attention-values
        dv = self.weights.swapaxes(-1, -2) @ dy  # y = P v, so dv = P' dy: (..., S, d_v)
        # eq: attention-values
        dweights = dy @ self.v.swapaxes(-1, -2)  # and dP = dy v': (..., T, S)
        # eq: attention-scores
        dscores = softmax_backward(self.weights, dweights)
        dscores *= self.scale  # s = scale q k'
        # eq: attention-queries-keys
        dq = dscores @ self.k  # dq = scale ds k: (..., T, d_k)
        # eq: attention-queries-keys
        dk = dscores.swapaxes(-1, -2) @ self.q  # dk = scale ds' q: (..., S, d_k)
        return dq, dk, dv


# --8<-- [end:attention]


# --8<-- [start:multi_head]
class MultiHeadAttention(Module):
    """Concat(head_1, ..., head_H) W^O with head_i = Attention(x W_i^Q, memory W_i^K, memory W_i^V) (section 3.2.2).

    The heads' matrices stand below one another in one matrix, so that one product serves all heads.

    Args:
        d_k: width of a head's queries and keys; d_model / heads when None. A head's values are always d_model / heads wide.

    Raises:
        ValueError: d_model is not divisible by heads; from `forward`, shapes that do not fit.
    """

    def __init__(
        self,
        d_model: int,
        heads: int,
        *,
        d_k: int | None = None,
        rng: np.random.Generator,
        dtype: Any = np.float64,
    ) -> None:
        super().__init__()
        if heads < 1 or d_model % heads:
            raise ValueError(f"d_model must be divisible by heads, got d_model {d_model} and {heads} heads")
        self.d_model, self.heads, self.d_v = d_model, heads, d_model // heads
        self.d_k = d_k or self.d_v
        self.q = Linear(d_model, heads * self.d_k, rng=rng, dtype=dtype)
        self.k = Linear(d_model, heads * self.d_k, rng=rng, dtype=dtype)
        self.v = Linear(d_model, d_model, rng=rng, dtype=dtype)
        self.out = Linear(d_model, d_model, rng=rng, dtype=dtype)
        self.dot_product = ScaledDotProductAttention()

    @property
    def weights(self) -> Array:
        """The attention weights of the last forward pass, (B, H, T, S)."""
        return self.dot_product.weights

    def split(self, rows: Array, sentences: int) -> Array:
        """(B T, H d_k) -> (B, H, T, d_k)"""
        return rows.reshape(sentences, -1, self.heads, rows.shape[1] // self.heads).transpose(0, 2, 1, 3)

    def join(self, x: Array) -> Array:
        """(B, H, T, d_k) -> (B T, H d_k)"""
        B, H, T, d_k = x.shape
        return x.transpose(0, 2, 1, 3).reshape(B * T, H * d_k)

    def forward(self, x: Array, memory: Array, mask: Array | None = None) -> Array:
        """x: (B, T, d). memory: (B, S, d), x itself in self-attention. mask: bool, broadcast to (B, H, T, S), True where
        visible. Returns: (B, T, d)"""
        self._check("memory", memory)
        self._check("x", x)
        self._check_sentences(x, memory)
        B, d = len(x), self.d_model
        self.memory_shape = memory.shape
        rows, memory_rows = x.reshape(-1, d), memory.reshape(-1, d)  # (B T, d), (B S, d): every token a row
        q = self.split(self.q.forward(rows), B)  # (B, H, T, d_k)
        k = self.split(self.k.forward(memory_rows), B)  # (B, H, S, d_k)
        v = self.split(self.v.forward(memory_rows), B)  # (B, H, S, d/H)
        # eq: multi-head
        y = self.dot_product.forward(q, k, v, mask)  # (B, H, T, d/H)
        # eq: multi-head
        return self.out.forward(self.join(y)).reshape(x.shape)  # (B, T, d)

    def backward(self, dy: Array) -> tuple[Array, Array]:
        """dy: (B, T, d). Adds to `grads`. Returns: dx (B, T, d), dmemory (B, S, d); in self-attention, add the two"""
        B = len(dy)
        dy_heads = self.split(self.out.backward(dy.reshape(-1, self.d_model)), B)  # (B, H, T, d/H)
        dq, dk, dv = self.dot_product.backward(dy_heads)
        # eq: heads-backward
        dx = self.q.backward(self.join(dq))  # (B T, d)
        dmemory = self.k.backward(self.join(dk))  # memory feeds the keys and the values: (B S, d)
        # eq: heads-backward
        dmemory += self.v.backward(self.join(dv))
        return dx.reshape(dy.shape), dmemory.reshape(self.memory_shape)

    def keys_values(self, memory: Array) -> tuple[Array, Array]:
        """What decoding keeps. memory: (B, S, d). Returns: k (B, H, S, d_k), v (B, H, S, d/H)"""
        self._check("memory", memory)
        rows = memory.reshape(-1, self.d_model)  # (B S, d)
        return self.split(self.k.forward(rows), len(memory)), self.split(self.v.forward(rows), len(memory))

    def attend(self, x: Array, k: Array, v: Array, mask: Array | None) -> Array:
        """`forward` with keys and values that decoding has kept. x: (B, T, d). k, v: as `keys_values` makes them.
        Returns: (B, T, d)"""
        self._check("x", x)
        self._check_sentences(x, k)
        q = self.split(self.q.forward(x.reshape(-1, self.d_model)), len(x))  # (B, H, T, d_k)
        y = self.dot_product.forward(q, k, v, mask)  # (B, H, T, d/H)
        return self.out.forward(self.join(y)).reshape(x.shape)  # (B, T, d)

    def _check(self, name: str, x: Array) -> None:
        if x.ndim != 3 or x.shape[2] != self.d_model:
            raise ValueError(f"MultiHeadAttention expected {name} (B, T, {self.d_model}), got {x.shape}")

    def _check_sentences(self, x: Array, keys: Array) -> None:
        if len(x) != len(keys):
            raise ValueError(
                f"MultiHeadAttention got {len(x)} sentences of queries and {len(keys)} of keys, {x.shape} and {keys.shape}"
            )


# --8<-- [end:multi_head]


def check_mask(name: str, mask: Array | None, scores: tuple[int, ...]) -> None:
    """Refuse a mask that is not boolean, or that does not fit the scores."""
    if mask is None:
        return
    if mask.dtype != np.bool_:
        raise ValueError(f"{name} expected a boolean mask, True where visible, got {mask.dtype}")
    if mask.ndim > len(scores) or any(m not in (1, s) for m, s in zip(mask.shape[::-1], scores[::-1], strict=False)):
        raise ValueError(f"{name} expected a mask that broadcasts to the scores {scores}, got {mask.shape}")
