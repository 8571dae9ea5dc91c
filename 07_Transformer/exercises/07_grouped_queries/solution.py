"""Attention in which several heads of queries share one head of keys and values."""

import numpy as np

Kept = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


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
    B, H, n, d_k = q.shape
    G, m = k.shape[1:3]
    check_groups(H, G)
    rows = q.reshape(B, G, H // G * n, d_k)  # the queries of a group below one another
    scores = (rows @ np.swapaxes(k, 2, 3) / np.sqrt(d_k)).reshape(B, H, n, m)
    weights = softmax(np.where(mask, scores, -np.inf))  # (B, H, n, m)
    y = weights.reshape(B, G, H // G * n, m) @ v
    return y.reshape(B, H, n, v.shape[3]), (q, k, v, weights)


def grouped_attention_backward(dy: np.ndarray, kept: Kept) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """dy: (B, H, n, d_v). Returns: dq (B, H, n, d_k), dk (B, G, m, d_k), dv (B, G, m, d_v)"""
    q, k, v, weights = kept
    B, G, m = k.shape[:3]
    a = weights.reshape(B, G, -1, m)  # (B, G, rows, m), all rows that share these keys
    rows, dout = q.reshape(B, G, -1, q.shape[3]), dy.reshape(B, G, -1, dy.shape[3])
    da = dout @ np.swapaxes(v, 2, 3)
    ds = a * (da - (a * da).sum(axis=-1, keepdims=True)) / np.sqrt(q.shape[3])
    return (ds @ k).reshape(q.shape), np.swapaxes(ds, 2, 3) @ rows, np.swapaxes(a, 2, 3) @ dout


def pool_heads(weight: np.ndarray, heads: int, groups: int) -> np.ndarray:
    """weight: (heads * d_k, d). Returns: (groups * d_k, d), each head the mean of its group's heads"""
    check_groups(heads, groups)
    split = weight.reshape(groups, heads // groups, -1, weight.shape[1])  # (G, H / G, d_k, d)
    return split.mean(axis=1).reshape(-1, weight.shape[1])


def cache_bytes(layers: int, groups: int, d_k: int, length: int, bytes_each: int = 2) -> int:
    """The bytes that `length` cached positions of one sentence take."""
    return 2 * layers * groups * d_k * length * bytes_each  # keys and values
