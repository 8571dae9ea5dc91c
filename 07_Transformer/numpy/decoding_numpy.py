"""Greedy decoding and beam search in NumPy, with a cache of keys and values.

Vaswani et al. 2017, section 6.1: beam of 4, length penalty alpha = 0.6 (Wu et al. 2016, equation 14), at most the source's
length + 50 tokens.

The model is anything with

    start(source) -> cache            source: ids (B, S)
    step(tokens, cache) -> logits     tokens: the newest ids (B,); logits (B, V)

and beam search also needs cache.reorder(indices), which keeps these rows of the batch, in this order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from logistic_numpy import log_softmax

Array = np.ndarray


# --8<-- [start:cache]
@dataclass
class Cache:
    """What decoding remembers: for each layer the keys and values (B, H, n, d_k) of the target and of the source.

    Position n needs the keys and values of 0..n-1. They do not depend on what comes later, so they are computed once; only
    the new token passes through the layers. The source's are computed once for the whole sentence.
    """

    own: list[list[Array]]
    memory: list[tuple[Array, Array]]
    mask: Array  # (B, 1, 1, n) over the target so far
    memory_mask: Array  # (B, 1, 1, S)

    def reorder(self, indices: Array) -> None:
        """Keep the rows `indices`, in that order and as often as they are named: beams are chosen, copied and dropped."""
        self.own = [[x[indices] for x in layer] for layer in self.own]
        self.memory = [(k[indices], v[indices]) for k, v in self.memory]
        self.mask, self.memory_mask = self.mask[indices], self.memory_mask[indices]


# --8<-- [end:cache]


# --8<-- [start:greedy]
def greedy(model: Any, source: Array, max_length: int, bos: int = 1, eos: int = 2) -> list[list[int]]:
    """The likeliest token, again and again, until `eos` or `max_length` tokens.

    source: ids (B, S). Returns: for each sentence its ids, without bos and eos
    """
    cache = model.start(source)
    tokens = np.full(len(source), bos)
    done = np.zeros(len(source), dtype=bool)
    columns = []
    for _ in range(max_length):
        tokens = np.where(done, eos, model.step(tokens, cache).argmax(axis=1))  # a finished sentence stays at eos
        done = done | (tokens == eos)
        columns.append(tokens)
        if done.all():
            break
    rows = np.stack(columns, axis=1).tolist() if columns else [[] for _ in source]
    return [row[: row.index(eos)] if eos in row else row for row in rows]


# --8<-- [end:greedy]


# --8<-- [start:length_penalty]
def length_penalty(length: int, alpha: float) -> float:
    """((5 + length) / 6)^alpha (Wu et al. 2016, equation 14); the length counts eos.

    log P is a sum of negative numbers, so without it the shortest hypothesis would win.
    """
    # eq: length-penalty
    return ((5.0 + length) / 6.0) ** alpha


# --8<-- [end:length_penalty]


# --8<-- [start:beam]
def beam_search(
    model: Any, source: Array, *, beam: int = 4, alpha: float = 0.6, max_length: int, bos: int = 1, eos: int = 2
) -> list[list[int]]:
    """The best of the hypotheses that a beam of `beam` prefixes finds, by log P / length_penalty.

    In each step every prefix is continued by every token, and the `beam` likeliest continuations that do not end stay.
    Those among the 2 `beam` likeliest that end are kept aside as finished. A sentence is done when none of its prefixes can
    beat its best finished hypothesis any more: log P only falls, and the penalty is at most that of `max_length`.

    source: ids (B, S). Returns: for each sentence its ids, without bos and eos; where nothing ended, the best prefix

    Raises:
        ValueError: beam or max_length below 1, or alpha below 0.
    """
    if beam < 1 or max_length < 1:
        raise ValueError(f"beam_search needs a beam and a max_length of at least 1, got {beam} and {max_length}")
    if alpha < 0:  # the penalty would fall with the length, and the search stop too early
        raise ValueError(f"beam_search needs an alpha of at least 0, got {alpha}")
    B = len(source)
    cache = model.start(source)
    cache.reorder(np.repeat(np.arange(B), beam))  # (B K) rows: the beams of a sentence are neighbours
    tokens = np.full(B * beam, bos)
    prefixes = np.empty((B * beam, 0), dtype=np.int64)
    scores = np.full((B, beam), -np.inf)
    scores[:, 0] = 0.0  # all prefixes are alike in the beginning: only one may be continued
    best: list[tuple[float, list[int]]] = [(-np.inf, [])] * B
    done = [False] * B
    for length in range(1, max_length + 1):
        log_p = log_softmax(model.step(tokens, cache).astype(np.float64))  # (B K, V)
        V = log_p.shape[1]
        total = (scores.reshape(-1, 1) + log_p).reshape(B, beam * V)
        index = np.argsort(-total, axis=1, kind="stable")[:, : 2 * beam]  # 2K: at most K of them can end
        top = np.take_along_axis(total, index, axis=1)
        origin = index // V + np.arange(B)[:, None] * beam  # row of the prefix
        token = index % V
        ends = token == eos
        for b, c in zip(*np.nonzero(ends), strict=True):
            score = float(top[b, c]) / length_penalty(length, alpha)
            if not done[b] and score > best[b][0]:
                best[b] = (score, prefixes[origin[b, c]].tolist())
        keep = np.argsort(ends, axis=1, kind="stable")[:, :beam]  # the first K that do not end; `top` is in order
        scores = np.where(np.take_along_axis(ends, keep, axis=1), -np.inf, np.take_along_axis(top, keep, axis=1))
        rows = np.take_along_axis(origin, keep, axis=1).reshape(-1)
        tokens = np.take_along_axis(token, keep, axis=1).reshape(-1)
        prefixes = np.concatenate([prefixes[rows], tokens[:, None]], axis=1)
        bounds = scores[:, 0] / length_penalty(max_length, alpha)
        done = [old or best[b][0] >= bounds[b] for b, old in enumerate(done)]
        if all(done):
            break
        cache.reorder(rows)
    leaders = prefixes.reshape(B, beam, -1)[:, 0].tolist()
    return [leaders[b] if score == -np.inf else ids for b, (score, ids) in enumerate(best)]


# --8<-- [end:beam]
