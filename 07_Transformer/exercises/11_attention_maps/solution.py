"""Attention maps out of a model that computes its attention in a fused kernel."""

from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel


def attention_maps(model: PreTrainedModel, **inputs: Tensor) -> dict[str, tuple[Tensor, ...]]:
    """The weights of every attention in one forward pass of `model(**inputs)`, in evaluation mode.

    Returns: "encoder" (B, H, S, S), "decoder" (B, H, T, T) and "cross" (B, H, T, S), each with one entry for each layer.
    The model keeps its attention implementation and its mode, also after an error; nothing is recorded for gradients.
    """
    implementation, training = model.config._attn_implementation or "eager", model.training
    try:
        model.set_attn_implementation("eager")  # the fused kernels never have the weights
        model.eval()
        with torch.no_grad():
            out: Any = model(**inputs, output_attentions=True)
    finally:
        model.set_attn_implementation(implementation)
        model.train(training)
    return {"encoder": out.encoder_attentions, "decoder": out.decoder_attentions, "cross": out.cross_attentions}
