"""Beam search that can only end in one of the given answers."""

from collections.abc import Sequence
from typing import Any

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
        raise NotImplementedError("OneOf")

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """input_ids: (rows, so far), a row for each beam. scores: (rows, V). Returns: scores, -inf where not allowed."""
        raise NotImplementedError("OneOf.__call__")


def choose(model: Any, source: Tensor, mask: Tensor, answers: Sequence[Sequence[int]], beams: int) -> list[list[int]]:
    """For each source the most probable of the answers that beam search finds. source, mask: (B, S). Returns: B answers"""
    raise NotImplementedError("choose")
