"""Beam search that can only end in one of the given answers."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import LogitsProcessor


class OneOf(LogitsProcessor):
    """Allows only continuations that can still become one of the `answers`.

    Args:
        answers: sequences of ids, without start and end.
        eos: what follows a complete answer.
        begin: how many ids stand before the answer, 1 for the start token.
    """

    def __init__(self, answers: Sequence[Sequence[int]], eos: int, begin: int = 1) -> None:
        if not answers:
            raise ValueError("OneOf expected at least one answer, got none")
        self.eos, self.begin = eos, begin
        self.following: dict[tuple[int, ...], set[int]] = {}
        for answer in answers:
            ids = (*answer, eos)
            for i, token in enumerate(ids):
                self.following.setdefault(ids[:i], set()).add(token)

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """input_ids: (rows, so far), a row for each beam. scores: (rows, V). Returns: scores, -inf where not allowed."""
        allowed = torch.full_like(scores, float("-inf"))
        for row, ids in enumerate(input_ids[:, self.begin :].tolist()):
            following = self.following.get(tuple(ids), {self.eos})  # a finished row: anything finite will do
            allowed[row, list(following)] = 0.0
        return scores + allowed


def choose(model: Any, source: Tensor, mask: Tensor, answers: Sequence[Sequence[int]], beams: int) -> list[list[int]]:
    """For each source the most probable of the answers that beam search finds. source, mask: (B, S). Returns: B answers"""
    eos, pad = model.generation_config.eos_token_id, model.generation_config.pad_token_id
    out = model.generate(
        source,
        attention_mask=mask,
        num_beams=beams,
        do_sample=False,
        length_penalty=0.0,  # compare probabilities; the default would divide by the length
        early_stopping="never",
        max_new_tokens=1 + max(map(len, answers)),
        logits_processor=[OneOf(answers, eos)],
    )
    return [[token for token in row[1:] if token not in (eos, pad)] for row in out.tolist()]
