"""Attention maps out of a model that computes its attention in a fused kernel."""

from torch import Tensor
from transformers import PreTrainedModel


def attention_maps(model: PreTrainedModel, **inputs: Tensor) -> dict[str, tuple[Tensor, ...]]:
    """The weights of every attention in one forward pass of `model(**inputs)`, in evaluation mode.

    Returns: "encoder" (B, H, S, S), "decoder" (B, H, T, T) and "cross" (B, H, T, S), each with one entry for each layer.
    The model keeps its attention implementation and its mode, also after an error; nothing is recorded for gradients.
    """
    raise NotImplementedError("attention_maps")
