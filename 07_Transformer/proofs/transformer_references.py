"""The implementations that the chapter is compared with: torch.nn's attention, layers and Transformer, transformers' Marian.

Each is a `Level`. What a reference does more is switched off (final norms, dropout inside the sub-layers), and dropout
masks are handed in, so that training mode is compared too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any
from unittest.mock import patch

import numpy as np
import recipe_paper
import torch
from load_transformer import marian_name, marian_order, permute_features, torch_layer_name, torch_name
from packed_level import PackedLevel, Table
from torch import Tensor, nn
from torch.nn import functional as F
from transformer_levels import ADAM, HEADS, default_dtype, drops_of, masks_of, sizes_of
from transformer_paper import BOS, EOS, PAD, sinusoids
from transformer_parts import TRANSFORMER

from utils.ladder import Level, Params

POSITIONS = 64  # of the references' tables
SCHEDULE = TRANSFORMER.schedule(recipe_paper)


class GivenDropout(nn.Module):
    """Stands where a reference has `nn.Dropout`, and multiplies by a mask that it is given."""

    mask: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        return x if self.mask is None else x * self.mask


def with_given_dropout(layer: Any) -> Any:
    """A torch.nn layer whose dropouts behind the sub-layers take masks. That inside the feed-forward network stays at 0."""
    for name in ("dropout1", "dropout2", "dropout3"):
        if hasattr(layer, name):
            setattr(layer, name, GivenDropout())
    return layer


def set_drops(layer: Any, drops: Sequence[Tensor | None]) -> None:
    for number, mask in enumerate(drops, start=1):
        if hasattr(layer, f"dropout{number}"):
            getattr(layer, f"dropout{number}").mask = mask


def adam(model: nn.Module, **options: Any) -> torch.optim.Optimizer:
    return torch.optim.Adam([p for p in model.parameters() if p.requires_grad], **ADAM | options)


def grouped(names: Sequence[str], theirs: Callable[[str], str]) -> Table:
    """Their name -> our names; q, k and v stand in this order in `in_proj_weight`, as they do among our names."""
    table: dict[str, tuple[str, ...]] = {}
    for name in names:
        table[theirs(name)] = (*table.get(theirs(name), ()), name)
    return table


def in_order(params: Params) -> list[str]:
    """Our names with q before k before v, whatever order the dict has."""
    return sorted(params, key=lambda name: [{"q": "0", "k": "1", "v": "2"}.get(p, p) for p in name.split(".")])


def torch_attention_pass(model: Any, batch: dict[str, Tensor]) -> tuple[dict[str, Tensor], Tensor]:
    hidden = ~batch["mask"].expand(-1, HEADS, -1, -1).flatten(0, 1)  # (B H, T, S): torch marks what is hidden
    x, memory = batch["x"], batch["memory"]
    output, _ = model.self_attn(x, memory, memory, attn_mask=hidden, need_weights=False)
    return {"output": output}, F.mse_loss(output, batch["y"])


def torch_encoder_pass(model: Any, batch: dict[str, Tensor]) -> tuple[dict[str, Tensor], Tensor]:
    set_drops(model, drops_of(batch, model.training))
    output = model(batch["x"], src_key_padding_mask=~batch["visible"][:, 0, 0])
    return {"output": output}, F.mse_loss(output, batch["y"])


def torch_decoder_pass(model: Any, batch: dict[str, Tensor]) -> tuple[dict[str, Tensor], Tensor]:
    set_drops(model, drops_of(batch, model.training))
    hidden = ~batch["mask"].expand(-1, HEADS, -1, -1).flatten(0, 1)  # (B H, T, T)
    visible = ~batch["visible"][:, 0, 0]
    output = model(batch["x"], batch["memory"], tgt_mask=hidden, memory_key_padding_mask=visible)
    return {"output": output}, F.mse_loss(output, batch["y"])


def torch_attention(d_model: int) -> nn.Module:
    module = nn.Module()
    module.self_attn = nn.MultiheadAttention(d_model, HEADS, batch_first=True)
    return module


def part_reference(build: Callable[..., nn.Module], one_pass: Any, name: Callable[[str], str], **options: Any) -> Level:
    table = lambda params: grouped(in_order(params), name)  # noqa: E731
    return PackedLevel(build, one_pass, adam, table=table, sizes=part_sizes, **options)


def part_sizes(params: Params) -> dict[str, Any]:
    """Widths of one part, read from its shapes."""
    length = lambda end: next((len(value) for name, value in params.items() if name.endswith(end)), None)  # noqa: E731
    widths = {"d_model": length("out.bias"), "d_ff": length("linear1.bias")}
    return {name: width for name, width in widths.items() if width is not None}


TORCH_ATTENTION = part_reference(
    torch_attention,
    torch_attention_pass,
    lambda name: torch_layer_name(f"attention.{name}"),
    inputs=("x", "memory"),
)
TORCH_ENCODER_LAYER = part_reference(
    lambda d_model, d_ff: with_given_dropout(nn.TransformerEncoderLayer(d_model, HEADS, d_ff, 0.0, batch_first=True)),
    torch_encoder_pass,
    torch_layer_name,
    inputs=("x",),
)
TORCH_DECODER_LAYER = part_reference(
    lambda d_model, d_ff: with_given_dropout(nn.TransformerDecoderLayer(d_model, HEADS, d_ff, 0.0, batch_first=True)),
    torch_decoder_pass,
    torch_layer_name,
    inputs=("x", "memory"),
)


class TorchTransformer(nn.Module):
    """`torch.nn.Transformer` with what it leaves to the user, embeddings and positions, and without its two final norms."""

    def __init__(self, vocabulary: int, layers: int, d_model: int, heads: int, d_ff: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, d_model)
        self.register_buffer("positions", sinusoids(POSITIONS, d_model), persistent=False)
        body = nn.Transformer(d_model, heads, layers, layers, d_ff, dropout=0.0, batch_first=True)
        self.encoder, self.decoder = body.encoder, body.decoder
        self.encoder.norm = self.decoder.norm = None  # pyright: ignore[reportAttributeAccessIssue]
        for layer in (*self.encoder.layers, *self.decoder.layers):
            with_given_dropout(layer)

    def embed(self, tokens: Tensor, mask: Tensor | None) -> Tensor:
        width, table = self.embedding.embedding_dim, self.positions[: tokens.shape[1]]  # pyright: ignore[reportIndexIssue]
        x = width**0.5 * self.embedding(tokens) + table
        return x if mask is None else x * mask

    def forward(self, source: Tensor, target: Tensor, masks: Mapping[str, Tensor] | None) -> Tensor:
        for stack, layers in (("encoder", self.encoder.layers), ("decoder", self.decoder.layers)):
            for i, layer in enumerate(layers):
                set_drops(layer, list(masks[stack][i]) if masks else [None] * 3)
        padding = source == PAD
        memory = self.encoder(self.embed(source, masks["source"] if masks else None), src_key_padding_mask=padding)
        hidden = torch.ones(target.shape[1], target.shape[1], dtype=torch.bool).triu(1)  # True is hidden
        x = self.decoder(
            self.embed(target, masks["target"] if masks else None),
            memory,
            tgt_mask=hidden,
            tgt_key_padding_mask=target == PAD,
            memory_key_padding_mask=padding,
        )
        return F.linear(x, self.embedding.weight)


def smoothed(logits: Tensor, labels: Tensor) -> Tensor:
    return F.cross_entropy(logits.transpose(1, 2), labels, ignore_index=PAD, label_smoothing=0.1)


def torch_pass(model: Any, batch: dict[str, Tensor]) -> tuple[dict[str, Tensor], Tensor]:
    logits = model(batch["source"], batch["target"], masks_of(batch, model.training))
    return {"logits": logits}, smoothed(logits, batch["labels"])


def torch_transformer(**sizes: Any) -> nn.Module:
    with default_dtype(torch.float64):
        return TorchTransformer(**sizes)


def marian(vocabulary: int, layers: int, d_model: int, heads: int, d_ff: int, positions: int = POSITIONS) -> nn.Module:
    from transformers import MarianConfig, MarianMTModel

    both = {"layers": layers, "attention_heads": heads, "ffn_dim": d_ff}
    config = MarianConfig(
        vocab_size=vocabulary,
        d_model=d_model,
        **{f"{side}_{key}": value for side in ("encoder", "decoder") for key, value in both.items()},
        activation_function="relu",
        scale_embedding=True,
        dropout=0.1,  # as large as you like: the masks are given
        attention_dropout=0.0,  # the paper drops neither weights nor hidden units
        activation_dropout=0.0,
        max_position_embeddings=positions,
        pad_token_id=PAD,
        eos_token_id=EOS,
        decoder_start_token_id=BOS,
        attn_implementation="sdpa",  # pyright: ignore[reportCallIssue]
    )
    return MarianMTModel(config)


def marian_masks(masks: Mapping[str, Tensor] | None) -> AbstractContextManager:
    """While it lasts, torch's dropout multiplies by our masks, one after another, and is off where we have none."""
    places: list[Tensor] = []
    if masks is not None:
        places += [masks["source"], *masks["encoder"].flatten(0, 1)]
        places += [masks["target"], *masks["decoder"].flatten(0, 1)]
    order = marian_order(places[0].shape[-1]) if places else None
    given = iter([mask[..., order] for mask in places])

    def dropout(x: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
        return x * next(given) if p and training and masks is not None else x

    return patch.object(F, "dropout", dropout)


def marian_pass(model: Any, batch: dict[str, Tensor]) -> tuple[dict[str, Tensor], Tensor]:
    with marian_masks(masks_of(batch, model.training)):
        logits = model(
            input_ids=batch["source"],
            attention_mask=(batch["source"] != PAD).long(),
            decoder_input_ids=batch["target"],
            decoder_attention_mask=(batch["target"] != PAD).long(),
            use_cache=False,
        ).logits
    return {"logits": logits}, smoothed(logits, batch["labels"])


class MarianLevel(PackedLevel):
    """Marian's features are ours in another order, for its table of positions has the sines first and then the cosines."""

    def module(self, params: Params) -> nn.Module:
        self.order = marian_order(params["embedding.weight"].shape[1])
        return super().module(permute_features(params, self.order))

    def our_names(self, tensors: Mapping[str, Tensor]) -> Params:
        return permute_features(super().our_names(tensors), np.argsort(self.order))

    def optimizer_state(self, trainer: Any) -> Params:
        state = super().optimizer_state(trainer)
        counters = {name: value for name, value in state.items() if name.startswith("step.")}
        moments = {name: value for name, value in state.items() if name not in counters}
        return counters | permute_features(moments, np.argsort(self.order))


def marian_extras(params: Params) -> Params:
    """Tied copies of the embedding, the fixed tables of positions, and the bias of the logits, which the paper has not."""
    table = params["embedding.weight"]
    vocabulary, d_model = table.shape
    positions = sinusoids(POSITIONS, d_model).numpy()[:, marian_order(d_model)].astype(table.dtype)
    return {
        "lm_head.weight": table,
        "model.encoder.embed_tokens.weight": table,
        "model.decoder.embed_tokens.weight": table,
        "model.encoder.embed_positions.weight": positions,
        "model.decoder.embed_positions.weight": positions,
        "final_logits_bias": np.zeros((1, vocabulary), dtype=table.dtype),
    }


TORCH_TRANSFORMER = PackedLevel(
    torch_transformer,
    torch_pass,
    adam,
    table=lambda params: grouped(in_order(params), torch_name),
    inputs=(),
    schedule=SCHEDULE,
    sizes=lambda params: sizes_of(params, HEADS),
)
MARIAN = MarianLevel(
    marian,
    marian_pass,
    adam,
    table=lambda params: grouped(list(params), marian_name),
    extras=marian_extras,
    inputs=(),
    schedule=SCHEDULE,
    sizes=lambda params: sizes_of(params, HEADS),
)
