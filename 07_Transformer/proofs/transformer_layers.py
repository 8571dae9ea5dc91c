"""The layers of the chapter and the torch operations that each must equal, with masks, empty rows and extremes."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from transformer_paper import PAD, sinusoids

from utils.ladder import LayerCase
from utils.proofs import part, randomised

Case = tuple[Any, tuple[np.ndarray, ...]]


def attention_case(mask: str, extreme: float = 1.0) -> Callable[[ModuleType, np.random.Generator], Case]:
    """q (2, 3, 5, 7), k and v of 11 keys, or of 5 for a causal mask; values 13 wide."""

    def build(module: ModuleType, rng: np.random.Generator) -> Case:
        keys = 5 if mask == "causal" else 11
        q, k, v = (rng.normal(size=(2, 3, n, d)) for n, d in ((5, 7), (keys, 7), (keys, 13)))
        layer = part(module, "ScaledDotProductAttention", "attention_numpy")()
        if mask == "none":
            return layer, (q * extreme, k * extreme, v)
        seen = np.tril(np.ones((5, 5), dtype=bool)) if mask == "causal" else rng.random((2, 1, 5, keys)) < 0.6
        if mask == "nothing visible":
            seen[0, 0, 2], seen[1] = False, False
        return layer, (q * extreme, k * extreme, v, seen)

    return build


def torch_attention_op(params: Any, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)


class WithoutKeyBias:
    """Attention without the bias of its keys among the parameters: its gradient is zero, as it moves all scores alike."""

    def __init__(self, layer: Any) -> None:
        self.layer, self.forward, self.backward = layer, layer.forward, layer.backward
        self.params, self.grads = ({n: a for n, a in d.items() if n != "k.bias"} for d in (layer.params, layer.grads))


def multi_head_case(module: ModuleType, rng: np.random.Generator) -> Case:
    """Keys of width 2 and values of width 5: they need not be equal."""
    layer = part(module, "MultiHeadAttention", "attention_numpy")(15, 3, d_k=2, rng=rng)
    mask = rng.random((2, 1, 7, 11)) < 0.6
    mask[1, 0, 3] = False
    return WithoutKeyBias(randomised(layer, rng, 0.6)), (
        rng.normal(size=(2, 7, 15)),
        rng.normal(size=(2, 11, 15)),
        mask,
    )


def torch_multi_head(p: dict[str, Tensor], x: Tensor, memory: Tensor, mask: Tensor) -> Tensor:
    q, k, v = (F.linear(i, p[f"{n}.weight"], p.get(f"{n}.bias")) for n, i in (("q", x), ("k", memory), ("v", memory)))
    heads = [
        F.scaled_dot_product_attention(*parts, attn_mask=mask[:, 0])
        for parts in zip(*(t.chunk(3, 2) for t in (q, k, v)), strict=True)
    ]
    return F.linear(torch.cat(heads, 2), p["out.weight"], p["out.bias"])


def norm_case(scale: float) -> Callable[[ModuleType, np.random.Generator], Case]:
    def build(module: ModuleType, rng: np.random.Generator) -> Case:
        x = rng.normal(size=(2, 3, 7)) * scale + 1.0
        if scale != 1.0:
            x[0, 1] = 0.3  # a token of equal numbers: its variance is 0, and eps all there is
        return randomised(part(module, "LayerNorm", "layernorm_numpy")(7), rng, 0.6), (x,)

    return build


def torch_norm(p: dict[str, Tensor], x: Tensor) -> Tensor:
    return F.layer_norm(x, (7,), p["weight"], p["bias"])


def embedding_case(module: ModuleType, rng: np.random.Generator) -> Case:
    layer = part(module, "Embedding", "embedding_numpy")(11, 5, rng=rng)
    return layer, (np.array([[3, 7, 3], [0, 3, 10]]),)  # ids that come again: their gradients add up


def unembedding_case(module: ModuleType, rng: np.random.Generator) -> Case:
    table = part(module, "Embedding", "embedding_numpy")(11, 5, rng=rng)
    return part(module, "Unembedding", "embedding_numpy")(table), (rng.normal(size=(2, 3, 5)),)


def positions_case(module: ModuleType, rng: np.random.Generator) -> Case:
    return part(module, "PositionalEncoding", "embedding_numpy")(13, 7), (rng.normal(size=(2, 5, 7)),)


def feed_forward_case(module: ModuleType, rng: np.random.Generator) -> Case:
    return randomised(part(module, "FeedForward", "transformer_numpy")(5, 7, rng=rng), rng, 0.6), (
        rng.normal(size=(2, 3, 5)),
    )


def torch_feed_forward(p: dict[str, Tensor], x: Tensor) -> Tensor:
    x = F.relu(F.linear(x, p["linear1.weight"], p["linear1.bias"]))
    return F.linear(x, p["linear2.weight"], p["linear2.bias"])


def smoothing_case(smoothing: float, scale: float = 2.0) -> Callable[[ModuleType, np.random.Generator], Case]:
    def build(module: ModuleType, rng: np.random.Generator) -> Case:
        labels = rng.integers(1, 7, (3, 5))
        labels[0, 3:], labels[2, 1] = PAD, PAD
        layer = part(module, "LabelSmoothedCrossEntropy", "label_smoothing_numpy")(smoothing)
        return layer, (rng.normal(size=(3, 5, 7)) * scale, labels)

    return build


def torch_smoothing(smoothing: float) -> Callable[..., Tensor]:
    def op(params: Any, logits: Tensor, labels: Tensor) -> Tensor:
        return F.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=PAD, label_smoothing=smoothing)

    return op


ATTENTION_LAYERS = (
    *(
        LayerCase(f"ScaledDotProductAttention, mask: {m}", attention_case(m), torch_attention_op)
        for m in ("none", "causal", "random", "nothing visible")
    ),
    LayerCase(
        "ScaledDotProductAttention at extremes",
        attention_case("random", 100.0),
        torch_attention_op,
        smooth=False,
    ),
    LayerCase("MultiHeadAttention", multi_head_case, torch_multi_head),
)
NORM_LAYERS = (
    LayerCase("LayerNorm", norm_case(1.0), torch_norm),
    LayerCase("LayerNorm at extremes", norm_case(1e4), torch_norm, smooth=False),
)
TRANSFORMER_LAYERS = (
    LayerCase("Embedding", embedding_case, lambda p, tokens: F.embedding(tokens, p["weight"])),
    LayerCase("Unembedding", unembedding_case, lambda p, x: x @ p["weight"].T),
    LayerCase("PositionalEncoding", positions_case, lambda p, x: x + sinusoids(5, 7)),
    LayerCase("FeedForward", feed_forward_case, torch_feed_forward),
    LayerCase("LabelSmoothedCrossEntropy", smoothing_case(0.1), torch_smoothing(0.1)),
    LayerCase("LabelSmoothedCrossEntropy without smoothing", smoothing_case(0.0), torch_smoothing(0.0)),
    LayerCase("LabelSmoothedCrossEntropy at extremes", smoothing_case(0.1, 1e4), torch_smoothing(0.1), smooth=False),
)
