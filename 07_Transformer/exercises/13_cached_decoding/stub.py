"""Greedy decoding by hand, with the library's cache."""

from torch import Tensor
from transformers import PreTrainedModel


def greedy_with_cache(model: PreTrainedModel, source: Tensor, mask: Tensor, begin: Tensor, new_tokens: int) -> Tensor:
    """The most probable word, one at a time; every position goes through the model once.

    source: ids (B, S), mask: 1 at words and 0 at padding (B, S), begin: the first ids of each answer (B, P).
    Returns: ids (B, P + at most new_tokens), padding behind the end of a sentence.
    """
    raise NotImplementedError("greedy_with_cache")
