"""An encoder with the normalisation in front of each sub-layer."""

import numpy as np
from attention_numpy import MultiHeadAttention
from layernorm_numpy import LayerNorm
from module_numpy import Module
from transformer_numpy import FeedForward


class PreNormLayer(Module):
    """Self-attention and feed-forward, each with its normalisation in front."""

    def __init__(self, d_model: int, heads: int, d_ff: int, *, rng: np.random.Generator) -> None:
        super().__init__()
        self.norm1 = LayerNorm(d_model)
        self.attention = MultiHeadAttention(d_model, heads, rng=rng)
        self.norm2 = LayerNorm(d_model)
        self.feed_forward = FeedForward(d_model, d_ff, rng=rng)

    def forward(self, x: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """x: (B, S, d). mask: bool, broadcast to (B, heads, S, S). Returns: (B, S, d)"""
        raise NotImplementedError("PreNormLayer.forward")

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """dy: (B, S, d). Adds to `grads`. Returns: dx (B, S, d)"""
        raise NotImplementedError("PreNormLayer.backward")


class PreNormEncoder(Module):
    """The layers, and one normalisation behind the last."""

    def __init__(self, layers: int, d_model: int, heads: int, d_ff: int, *, rng: np.random.Generator) -> None:
        super().__init__()
        self.stack = [PreNormLayer(d_model, heads, d_ff, rng=rng) for _ in range(layers)]
        self.norm = LayerNorm(d_model)

    def forward(self, x: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """x: (B, S, d). Returns: (B, S, d)"""
        raise NotImplementedError("PreNormEncoder.forward")

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """dy: (B, S, d). Adds to `grads`. Returns: dx (B, S, d)"""
        raise NotImplementedError("PreNormEncoder.backward")
