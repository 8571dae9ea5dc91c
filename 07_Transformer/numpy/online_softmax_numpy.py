"""Attention without the matrix of weights: the scores are computed tile by tile and never kept.

The result is that of softmax(Q K^T scale) V, equation 1 of Vaswani et al. 2017, to rounding. What the fused kernels of
libraries do on a GPU for the sake of memory traffic, this file does in the open: the running maximum and sum of
Milakov and Gimelshein 2018, the tiles and the backward pass of Dao et al. 2022 (FlashAttention, algorithms 1 and 4).
Derived in theory_training.md, section 14.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from attention_numpy import check_mask


# --8<-- [start:online_softmax]
def online_softmax(x: np.ndarray, block: int) -> np.ndarray:
    """Softmax along the last axis, read in blocks: one pass for maximum and sum together, and one to write.

    x: (..., m), may hold -inf. Returns: (..., m); a row of -inf alone gives zeros.
    """
    if block < 1:
        raise ValueError(f"online_softmax expected a block of at least 1, got {block}")
    top = np.full((*x.shape[:-1], 1), -np.inf, dtype=x.dtype)  # (..., 1)
    total = np.zeros_like(top)
    for low, high in _blocks(x.shape[-1], block):
        part = x[..., low:high]
        new_top = np.maximum(top, part.max(axis=-1, keepdims=True))
        safe = finite(new_top)
        # eq: online-softmax
        total = total * np.exp(top - safe) + np.exp(part - safe).sum(axis=-1, keepdims=True)
        top = new_top
    return np.exp(x - finite(top)) / np.where(total == 0, 1, total)


# --8<-- [end:online_softmax]


def finite(top: np.ndarray) -> np.ndarray:
    """0 where no score has come yet: exp(-inf - 0) is 0, while exp(-inf - (-inf)) would not be a number."""
    return np.where(np.isneginf(top), 0.0, top)


def _blocks(length: int, block: int) -> Iterator[tuple[int, int]]:
    for low in range(0, length, block):
        yield low, min(low + block, length)


# --8<-- [start:tiled_attention]
class TiledAttention:
    """softmax(Q K^T scale) V in tiles of `query_block` times `key_block` scores.

    `forward` keeps its inputs, its output and one number per query, and not the weights; `backward` computes the scores
    again. `mask` is True where a query may look at a key; a query that may look at none gets 0.
    """

    def __init__(self, query_block: int = 64, key_block: int = 64, scale: float | None = None) -> None:
        if query_block < 1 or key_block < 1:
            raise ValueError(f"TiledAttention expected blocks of at least 1, got {query_block} and {key_block}")
        self.query_block = query_block
        self.key_block = key_block
        self.scale = scale  # None: 1 / sqrt(d_k)
        self.params: dict[str, np.ndarray] = {}
        self.grads: dict[str, np.ndarray] = {}

    def zero_grads(self) -> None:
        """Nothing to do: there are no parameters."""

    def forward(
        self, q: np.ndarray, k: np.ndarray, v: np.ndarray, mask: np.ndarray | None = None, *, causal: bool = False
    ) -> np.ndarray:
        """q: (..., n, d_k), k: (..., m, d_k), v: (..., m, d_v), mask: broadcasts to (..., n, m). Returns: (..., n, d_v)

        `causal`: query i stands at position m - n + i and sees no later key; tiles above the diagonal are skipped.

        Raises:
            ValueError: no query or no key, shapes that do not fit each other, or a mask that is not boolean.
        """
        _check(q, k, v)
        n, m = q.shape[-2], k.shape[-2]
        check_mask("TiledAttention", mask, (*q.shape[:-1], m))
        mask = None if mask is None else np.broadcast_to(mask, (*q.shape[:-1], m))  # (..., n, m), a view
        scale = q.shape[-1] ** -0.5 if self.scale is None else self.scale
        out = np.empty((*q.shape[:-1], v.shape[-1]), dtype=q.dtype)
        self.logsumexp = np.empty(q.shape[:-1], dtype=q.dtype)  # L_i: the weights are exp(S - L)
        for rows in _blocks(n, self.query_block):
            i = slice(*rows)
            top = np.full((*q.shape[:-2], rows[1] - rows[0], 1), -np.inf, dtype=q.dtype)  # (..., rows, 1)
            total = np.zeros_like(top)
            mixed = np.zeros((*top.shape[:-1], v.shape[-1]), dtype=q.dtype)  # (..., rows, d_v)
            for columns in self._columns(rows, n, m, causal):
                j = slice(*columns)
                s = _scores(q[..., i, :], k[..., j, :], scale, mask, rows, columns, causal, m - n)
                new_top = np.maximum(top, s.max(axis=-1, keepdims=True))
                safe = finite(new_top)
                old, p = np.exp(top - safe), np.exp(s - safe)  # the old sums move to the new maximum
                total = total * old + p.sum(axis=-1, keepdims=True)
                mixed = mixed * old + p @ v[..., j, :]
                top = new_top
            seen = total > 0
            out[..., i, :] = mixed / np.where(seen, total, 1)
            self.logsumexp[..., i] = np.where(seen, finite(top) + np.log(np.where(seen, total, 1)), np.inf)[..., 0]
        self.kept = (q, k, v, mask, causal, scale, out.copy())  # a copy: the caller may change out
        return out

    def backward(self, dout: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """dout: (..., n, d_v). Returns: dq, dk, dv in the shapes of q, k, v."""
        q, k, v, mask, causal, scale, out = self.kept
        n, m = q.shape[-2], k.shape[-2]
        dq, dk, dv = np.zeros_like(q), np.zeros_like(k), np.zeros_like(v)
        # eq: attention-inner-sum
        inner = (dout * out).sum(axis=-1, keepdims=True)  # D_i = dO_i . O_i = sum_l A_il dA_il
        for rows in _blocks(n, self.query_block):
            i = slice(*rows)
            for columns in self._columns(rows, n, m, causal):
                j = slice(*columns)
                s = _scores(q[..., i, :], k[..., j, :], scale, mask, rows, columns, causal, m - n)
                a = np.exp(s - self.logsumexp[..., i, None])  # (..., rows, columns), normalised already
                # eq: tiles-backward
                dv[..., j, :] += np.swapaxes(a, -1, -2) @ dout[..., i, :]  # O = A V, so dV = A' dO
                da = dout[..., i, :] @ np.swapaxes(v[..., j, :], -1, -2)  # and dA = dO V'
                # eq: tiles-backward
                ds = a * (da - inner[..., i, :]) * scale  # dS = A (dA - D); the scale is that of S = scale Q K'
                # eq: tiles-backward
                dq[..., i, :] += ds @ k[..., j, :]  # dQ = dS K
                # eq: tiles-backward
                dk[..., j, :] += np.swapaxes(ds, -1, -2) @ q[..., i, :]  # dK = dS' Q
        return dq, dk, dv

    def _columns(self, rows: tuple[int, int], n: int, m: int, causal: bool) -> Iterator[tuple[int, int]]:
        """The blocks of keys that some query of `rows` may see."""
        last = min(m, rows[1] + m - n) if causal else m
        return _blocks(max(last, 0), self.key_block)


# --8<-- [end:tiled_attention]


def _scores(
    q: np.ndarray,
    k: np.ndarray,
    scale: float,
    mask: np.ndarray | None,
    rows: tuple[int, int],
    columns: tuple[int, int],
    causal: bool,
    offset: int,
) -> np.ndarray:
    """One tile of scores, -inf where a query must not look."""
    s = (q @ np.swapaxes(k, -1, -2)) * scale  # (..., rows, columns)
    if mask is not None:
        s[~mask[..., slice(*rows), slice(*columns)]] = -np.inf
    if causal and columns[1] - 1 > rows[0] + offset:  # the tile touches the diagonal
        s[..., np.arange(*columns) > np.arange(*rows)[:, None] + offset] = -np.inf
    return s


def _check(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> None:
    if q.ndim < 2 or k.shape[:-2] != q.shape[:-2] or k.shape[-1] != q.shape[-1]:
        raise ValueError(
            f"TiledAttention expected q (..., n, d_k) and k (..., m, d_k) alike but for n and m, got {q.shape} and {k.shape}"
        )
    if q.size == 0 or k.size == 0:
        raise ValueError(
            f"TiledAttention needs at least one query and one key, got an empty q or k: {q.shape} and {k.shape}"
        )
    if v.shape[:-1] != k.shape[:-1]:
        raise ValueError(f"TiledAttention expected one value for each key: v {(*k.shape[:-1], 'd_v')}, got {v.shape}")
