"""Attention in which several heads of queries share one head of keys and values."""

import numpy as np

Kept = tuple[np.ndarray, ...]  # whatever your backward needs


def check_groups(heads: int, groups: int) -> None:
    """Refuse heads that cannot be divided among the groups."""
    if groups < 1 or heads % groups:
        raise ValueError(f"{heads} heads cannot be divided among {groups} groups")


def softmax(s: np.ndarray) -> np.ndarray:
    """Along the last axis. A row of -inf gives zeros."""
    top = s.max(axis=-1, keepdims=True)
    e = np.exp(s - np.where(np.isneginf(top), 0.0, top))
    total = e.sum(axis=-1, keepdims=True)
    return e / np.where(total == 0, 1.0, total)


def grouped_attention(q: np.ndarray, k: np.ndarray, v: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, Kept]:
    """q: (B, H, n, d_k). k: (B, G, m, d_k). v: (B, G, m, d_v). mask: bool, broadcast to (B, H, n, m).

    Returns: (B, H, n, d_v) and what backward needs

    Raises:
        ValueError: H is not divisible by G.
    """
    raise NotImplementedError("grouped_attention")


def grouped_attention_backward(dy: np.ndarray, kept: Kept) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """dy: (B, H, n, d_v). Returns: dq (B, H, n, d_k), dk (B, G, m, d_k), dv (B, G, m, d_v)"""
    raise NotImplementedError("grouped_attention_backward")


def pool_heads(weight: np.ndarray, heads: int, groups: int) -> np.ndarray:
    """weight: (heads * d_k, d). Returns: (groups * d_k, d), each head the mean of its group's heads"""
    raise NotImplementedError("pool_heads")


def cache_bytes(layers: int, groups: int, d_k: int, length: int, bytes_each: int = 2) -> int:
    """The bytes that `length` cached positions of one sentence take."""
    raise NotImplementedError("cache_bytes")
