"""Attention over keys that are divided into parts: each part alone, then merged."""

import numpy as np

State = tuple[np.ndarray, np.ndarray, np.ndarray]


def nothing(n: int, width: int) -> State:
    """Returns: top (n, 1), total (n, 1), mixed (n, width) of n queries and no key"""
    return np.full((n, 1), -np.inf), np.zeros((n, 1)), np.zeros((n, width))


def part(q: np.ndarray, k: np.ndarray, v: np.ndarray, mask: np.ndarray) -> State:
    """q: (n, d_k). k: (m, d_k). v: (m, d_v). mask: bool (n, m), True where visible; m may be 0. Returns: their state"""
    s = np.where(mask, q @ k.T / np.sqrt(q.shape[1]), -np.inf)  # (n, m)
    top = s.max(axis=1, keepdims=True, initial=-np.inf)  # also of no key at all
    e = np.exp(s - np.where(np.isneginf(top), 0.0, top))
    return top, e.sum(axis=1, keepdims=True), e @ v


def merge(a: State, b: State) -> State:
    """Returns: the state of the keys of both"""
    top = np.maximum(a[0], b[0])
    reference = np.where(np.isneginf(top), 0.0, top)  # -inf - (-inf) is no number
    old_a, old_b = np.exp(a[0] - reference), np.exp(b[0] - reference)
    return top, a[1] * old_a + b[1] * old_b, a[2] * old_a + b[2] * old_b


def finish(state: State) -> np.ndarray:
    """Returns: (n, d_v), the weighted mean of the values; 0 where no key was visible"""
    _, total, mixed = state
    return mixed / np.where(total == 0, 1.0, total)
