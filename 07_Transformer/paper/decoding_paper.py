"""Greedy decoding and beam search, for any model with `start` and `step`.

Vaswani et al. 2017, section 6.1: beam of 4, length penalty alpha = 0.6 (Wu et al. 2016, equation 14), at most the source's
length + 50 tokens.

    model.start(source) -> cache            source: ids (B, S)
    model.step(tokens, cache) -> logits     tokens: the newest ids (B,); logits (B, V)
    cache.reorder(indices)                  keep these rows of the batch, in this order
"""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch import Tensor
from transformer_paper import BOS, EOS


class StepModel(Protocol):
    """What can be decoded: it encodes the source, then takes one token after another."""

    def start(self, source: Tensor) -> Any: ...
    def step(self, tokens: Tensor, cache: Any) -> Tensor: ...


# --8<-- [start:greedy]
@torch.no_grad()
def greedy(model: StepModel, source: Tensor, max_length: int, bos: int = BOS, eos: int = EOS) -> list[list[int]]:
    """The likeliest token, again and again, until `eos` or `max_length` tokens.

    source: ids (B, S). Returns: for each sentence its ids, without bos and eos. Put the model into evaluation mode first.
    """
    cache = model.start(source)
    tokens = torch.full((len(source),), bos, device=source.device)
    done = torch.zeros(len(source), dtype=torch.bool, device=source.device)
    columns = []
    for _ in range(max_length):
        tokens = model.step(tokens, cache).argmax(dim=1).masked_fill(done, eos)  # a finished sentence stays at eos
        done = done | (tokens == eos)
        columns.append(tokens)
        if bool(done.all()):
            break
    rows = torch.stack(columns, dim=1).tolist() if columns else [[] for _ in source]
    return [row[: row.index(eos)] if eos in row else row for row in rows]


# --8<-- [end:greedy]


def length_penalty(length: int, alpha: float) -> float:
    """((5 + length) / 6)^alpha (Wu et al. 2016, equation 14); the length counts eos."""
    # eq: length-penalty
    return ((5.0 + length) / 6.0) ** alpha


# --8<-- [start:beam]
@torch.no_grad()
def beam_search(
    model: StepModel,
    source: Tensor,
    *,
    beam: int = 4,
    alpha: float = 0.6,
    max_length: int,
    bos: int = BOS,
    eos: int = EOS,
) -> list[list[int]]:
    """The best of the hypotheses that a beam of `beam` prefixes finds, by log P / length_penalty.

    In each step every prefix is continued by every token, and the `beam` likeliest continuations that do not end stay.
    Those among the 2 `beam` likeliest that end are kept aside as finished. A sentence is done when none of its prefixes can
    beat its best finished hypothesis any more: log P only falls, and the penalty is at most that of `max_length`.

    source: ids (B, S). Returns: for each sentence its ids, without bos and eos; where nothing ended, the best prefix.
    """
    if beam < 1 or max_length < 1:
        raise ValueError(f"beam_search needs a beam and a max_length of at least 1, got {beam} and {max_length}")
    if alpha < 0:  # the penalty would fall with the length, and the search stop too early
        raise ValueError(f"beam_search needs an alpha of at least 0, got {alpha}")
    count, device = len(source), source.device
    cache = model.start(source)
    rows = torch.arange(count, device=device).repeat_interleave(beam)
    cache.reorder(rows)  # (B K) rows: the beams of a sentence are neighbours
    tokens = torch.full((count * beam,), bos, device=device)
    prefixes = torch.empty(count * beam, 0, dtype=torch.long, device=device)
    scores = torch.full((count, beam), -torch.inf, device=device, dtype=torch.float64)
    scores[:, 0] = 0.0  # all prefixes are alike in the beginning: only one may be continued
    best: list[tuple[float, list[int]]] = [(-torch.inf, [])] * count
    done = [False] * count
    for length in range(1, max_length + 1):
        log_p = model.step(tokens, cache).double().log_softmax(dim=1)  # (B K, V)
        vocabulary = log_p.shape[1]
        total = (scores.flatten()[:, None] + log_p).view(count, beam * vocabulary)
        top, index = total.topk(min(2 * beam, beam * vocabulary), dim=1)  # 2K: at most K of them can end
        origin = index // vocabulary + torch.arange(count, device=device)[:, None] * beam  # row of the prefix
        token = index % vocabulary
        ends = token == eos
        for b, c in ends.nonzero().tolist():
            score = float(top[b, c]) / length_penalty(length, alpha)
            if not done[b] and score > best[b][0]:
                best[b] = (score, prefixes[origin[b, c]].tolist())
        keep = top.masked_fill(ends, -torch.inf).topk(beam, dim=1).indices  # (B, K)
        scores = top.masked_fill(ends, -torch.inf).gather(1, keep)
        rows, tokens = origin.gather(1, keep).flatten(), token.gather(1, keep).flatten()
        prefixes = torch.cat([prefixes[rows], tokens[:, None]], dim=1)
        bounds = (scores[:, 0] / length_penalty(max_length, alpha)).tolist()
        done = [old or best[b][0] >= bounds[b] for b, old in enumerate(done)]
        if all(done):
            break
        cache.reorder(rows)
    leaders = prefixes.view(count, beam, -1)[:, 0].tolist()
    return [leaders[b] if score == -torch.inf else ids for b, (score, ids) in enumerate(best)]


# --8<-- [end:beam]
