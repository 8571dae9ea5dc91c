"""The layers of the chapter and the torch operations that each must equal, with masks, empty rows and extremes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from transformer_levels import PAD

from utils.ladder import LayerCase, Load
from utils.parity.cases import randomised

Case = tuple[Any, tuple[Any, ...]]
Build = Callable[[Load, np.random.Generator, Any], Case]


# ---- attention ----


def heads_and_mask(rng: np.random.Generator, mask: str, extreme: float = 1.0) -> tuple[np.ndarray, ...]:
    """q (2, 3, 5, 7), k and v of 11 keys, or of 5 for a causal mask; values 13 wide; and the mask, if there is one."""
    keys = 5 if mask == "causal" else 11
    q, k, v = (rng.normal(size=(2, 3, n, d)) for n, d in ((5, 7), (keys, 7), (keys, 13)))
    if mask == "none":
        return q * extreme, k * extreme, v
    seen = np.tril(np.ones((5, 5), dtype=bool)) if mask == "causal" else rng.random((2, 1, 5, keys)) < 0.6
    if mask == "nothing visible":
        seen[0, 0, 2], seen[1] = False, False
    return q * extreme, k * extreme, v, seen


def attention_case(mask: str, extreme: float = 1.0) -> Build:
    def build(load: Load, rng: np.random.Generator, dtype: Any) -> Case:
        return load("attention_numpy").ScaledDotProductAttention(), heads_and_mask(rng, mask, extreme)

    return build


def tiled_case(mask: str, extreme: float = 1.0) -> Build:
    """Tiles that do not divide the 5 queries and 11 keys."""

    def build(load: Load, rng: np.random.Generator, dtype: Any) -> Case:
        return load("online_softmax_numpy").TiledAttention(3, 4), heads_and_mask(rng, mask, extreme)

    return build


class CausalTiles:
    """Tiled attention that hides what comes later by itself, without a mask: the last query sees every key."""

    def __init__(self, layer: Any) -> None:
        self.layer, self.params, self.grads, self.backward = layer, layer.params, layer.grads, layer.backward

    def forward(self, *inputs: Any) -> Any:
        return self.layer.forward(*inputs, causal=True)


def causal_tiles_case(load: Load, rng: np.random.Generator, dtype: Any) -> Case:
    return CausalTiles(load("online_softmax_numpy").TiledAttention(3, 4, scale=0.7)), heads_and_mask(rng, "none")


def torch_causal(params: Any, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    n, m = q.shape[-2], k.shape[-2]
    return F.scaled_dot_product_attention(q, k, v, torch.ones(n, m, dtype=torch.bool).tril(m - n), scale=0.7)


def torch_attention_op(params: Any, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
    seen = None if mask is None else mask.expand(*q.shape[:-1], k.shape[-2])  # torch takes no mask of one axis
    return F.scaled_dot_product_attention(q, k, v, attn_mask=seen)


class WithoutKeyBias:
    """Attention without the bias of its keys among the parameters: its gradient is zero, as it moves all scores alike."""

    def __init__(self, layer: Any) -> None:
        self.forward, self.backward = layer.forward, layer.backward
        self.params, self.grads = ({n: a for n, a in d.items() if n != "k.bias"} for d in (layer.params, layer.grads))


def multi_head_case(load: Load, rng: np.random.Generator, dtype: Any) -> Case:
    """Keys of width 2 and values of width 5: they need not be equal."""
    layer = load("attention_numpy").MultiHeadAttention(15, 3, d_k=2, rng=rng, dtype=dtype)
    mask = rng.random((2, 1, 7, 11)) < 0.6
    mask[1, 0, 3] = False
    inputs = rng.normal(size=(2, 7, 15)), rng.normal(size=(2, 11, 15)), mask
    return WithoutKeyBias(randomised(layer, rng, 0.6)), inputs


def torch_multi_head(p: dict[str, Tensor], x: Tensor, memory: Tensor, mask: Tensor, heads: int = 3) -> Tensor:
    q, k, v = (F.linear(i, p[f"{n}.weight"], p.get(f"{n}.bias")) for n, i in (("q", x), ("k", memory), ("v", memory)))
    rows = [
        F.scaled_dot_product_attention(*parts, attn_mask=mask[:, 0])
        for parts in zip(*(t.chunk(heads, 2) for t in (q, k, v)), strict=True)
    ]
    return F.linear(torch.cat(rows, 2), p["out.weight"], p["out.bias"])


MASKS = ("none", "causal", "random", "nothing visible")
ATTENTION_LAYERS = (
    *(LayerCase(f"ScaledDotProductAttention, mask: {m}", attention_case(m), torch_attention_op) for m in MASKS),
    LayerCase(
        "ScaledDotProductAttention at extremes", attention_case("random", 100.0), torch_attention_op, smooth=False
    ),
    LayerCase("MultiHeadAttention", multi_head_case, torch_multi_head),
    LayerCase("TiledAttention, mask: nothing visible", tiled_case("nothing visible"), torch_attention_op),
    LayerCase("TiledAttention at extremes", tiled_case("random", 100.0), torch_attention_op, smooth=False),
    LayerCase("TiledAttention, causal", causal_tiles_case, torch_causal),
)


# ---- normalisation, feed-forward network ----


def norm_case(scale: float) -> Build:
    def build(load: Load, rng: np.random.Generator, dtype: Any) -> Case:
        x = rng.normal(size=(2, 3, 7)) * scale + 1.0
        if scale != 1.0:
            x[0, 1] = 0.3  # a token of equal numbers: its variance is 0, and eps all there is
        return randomised(load("layernorm_numpy").LayerNorm(7, dtype=dtype), rng, 0.6), (x,)

    return build


def torch_norm(p: dict[str, Tensor], x: Tensor) -> Tensor:
    return F.layer_norm(x, (7,), p["weight"], p["bias"])


NORM_LAYERS = (
    LayerCase("LayerNorm", norm_case(1.0), torch_norm),
    LayerCase("LayerNorm at extremes", norm_case(1e4), torch_norm, smooth=False),
)


def feed_forward_case(load: Load, rng: np.random.Generator, dtype: Any) -> Case:
    layer = load("transformer_numpy").FeedForward(5, 7, rng=rng, dtype=dtype)
    return randomised(layer, rng, 0.6), (rng.normal(size=(2, 3, 5)),)


def torch_feed_forward(p: dict[str, Tensor], x: Tensor) -> Tensor:
    x = F.relu(F.linear(x, p["linear1.weight"], p["linear1.bias"]))
    return F.linear(x, p["linear2.weight"], p["linear2.bias"])


FEED_FORWARD_LAYERS = (LayerCase("FeedForward", feed_forward_case, torch_feed_forward),)


# ---- embeddings, loss ----


def embedding_case(load: Load, rng: np.random.Generator, dtype: Any) -> Case:
    layer = load("embedding_numpy").Embedding(11, 5, rng=rng, dtype=dtype)
    return layer, (np.array([[3, 7, 3], [0, 3, 10]]),)  # ids that come again: their gradients add up


def unembedding_case(load: Load, rng: np.random.Generator, dtype: Any) -> Case:
    embedding = load("embedding_numpy")
    table = embedding.Embedding(11, 5, rng=rng, dtype=dtype)
    return embedding.Unembedding(table), (rng.normal(size=(2, 3, 5)),)


def positions_case(load: Load, rng: np.random.Generator, dtype: Any) -> Case:
    return load("embedding_numpy").PositionalEncoding(5, 7, dtype=dtype), (rng.normal(size=(2, 5, 7)),)


def torch_positions(params: Any, x: Tensor) -> Tensor:
    """One number of the table at a time: the sine, or at odd columns the cosine, of pos / 10000^(2i/d)."""
    rows = [[pos / 10000 ** ((j - j % 2) / 7) + j % 2 * np.pi / 2 for j in range(7)] for pos in range(5)]
    return torch.stack([sentence + torch.tensor(rows, dtype=x.dtype).sin() for sentence in x])


def smoothing_case(smoothing: float, scale: float = 2.0) -> Build:
    def build(load: Load, rng: np.random.Generator, dtype: Any) -> Case:
        labels = rng.integers(1, 7, (3, 5))
        labels[0, 3:], labels[2, 1] = PAD, PAD
        layer = load("label_smoothing_numpy").LabelSmoothedCrossEntropy(smoothing)
        return layer, (rng.normal(size=(3, 5, 7)) * scale, labels)

    return build


def torch_smoothing(smoothing: float) -> Callable[..., Tensor]:
    def op(params: Any, logits: Tensor, labels: Tensor) -> Tensor:
        return F.cross_entropy(logits.movedim(-1, 1), labels, ignore_index=PAD, label_smoothing=smoothing)

    return op


TRANSFORMER_LAYERS = (
    LayerCase("Embedding", embedding_case, lambda p, tokens: F.embedding(tokens, p["weight"])),
    LayerCase("Unembedding", unembedding_case, lambda p, x: x @ p["weight"].T),
    LayerCase("PositionalEncoding", positions_case, torch_positions),
    LayerCase("LabelSmoothedCrossEntropy", smoothing_case(0.1), torch_smoothing(0.1)),
    LayerCase("LabelSmoothedCrossEntropy without smoothing", smoothing_case(0.0), torch_smoothing(0.0)),
    LayerCase("LabelSmoothedCrossEntropy at extremes", smoothing_case(0.1, 1e4), torch_smoothing(0.1), smooth=False),
)
