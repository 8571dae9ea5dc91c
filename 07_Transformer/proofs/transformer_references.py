"""The implementations that the chapter is compared with: torch.nn's attention, layers and Transformer, transformers' Marian.

What a reference does more is switched off (final norms, dropout inside the sub-layers), and dropout masks are handed in, so
that training mode is compared too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from load_transformer import (
    MarianNames,
    layer_names,
    marian_order,
    marian_positions,
    torch_attention,
    torch_names,
)
from torch import Tensor, nn
from torch.nn import functional as F
from transformer_levels import (
    BOS,
    EOS,
    PAD,
    PaperAttention,
    PaperDecoderLayer,
    PaperEncoderLayer,
    PaperTransformer,
    drops_of,
    masks_of,
    of_model,
)

from utils.levels.names import NameTable

POSITIONS = 64  # of the references' tables


# ---- attention and the layers of torch.nn ----


def hidden(mask: Tensor, heads: int) -> Tensor:
    """torch marks what is hidden, for every head of every sentence. mask: (B, 1, T, S). Returns: (B H, T, S)"""
    return ~mask.expand(-1, heads, -1, -1).flatten(0, 1)


class GivenDropout(nn.Module):
    """Takes the place of an `nn.Dropout`, and multiplies by a mask that it is given."""

    mask: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        return x if self.mask is None else x * self.mask


def with_given_dropout(layer: Any) -> Any:
    """A torch.nn layer whose dropouts after the sub-layers take masks. That inside the feed-forward network stays at 0."""
    for name in ("dropout1", "dropout2", "dropout3"):
        if hasattr(layer, name):
            setattr(layer, name, GivenDropout())
    return layer


def set_drops(layer: Any, drops: Sequence[Tensor | None]) -> None:
    for number, mask in enumerate(drops, start=1):
        if hasattr(layer, f"dropout{number}"):
            getattr(layer, f"dropout{number}").mask = mask


class TorchAttention(PaperAttention):
    names = NameTable(torch_attention())

    def build(self):
        return nn.MultiheadAttention(self.sizes["d_model"], self.sizes["heads"], batch_first=True)

    def forward(self, model: Any, batch: dict[str, Tensor], training: bool) -> dict[str, Tensor]:
        x, memory, mask = batch["x"], batch["memory"], hidden(batch["mask"], self.sizes["heads"])
        return {"output": model(x, memory, memory, attn_mask=mask, need_weights=False)[0]}


class TorchEncoderLayer(PaperEncoderLayer):
    names = NameTable(layer_names("torch", "encoder"))

    def build(self):
        return with_given_dropout(nn.TransformerEncoderLayer(*self.sizes.values(), dropout=0.0, batch_first=True))

    def forward(self, model: Any, batch: dict[str, Tensor], training: bool) -> dict[str, Tensor]:
        set_drops(model, drops_of(batch, training))
        return {"output": model(batch["x"], src_key_padding_mask=~batch["visible"][:, 0, 0])}


class TorchDecoderLayer(PaperDecoderLayer):
    names = NameTable(layer_names("torch", "decoder"))

    def build(self):
        return with_given_dropout(nn.TransformerDecoderLayer(*self.sizes.values(), dropout=0.0, batch_first=True))

    def forward(self, model: Any, batch: dict[str, Tensor], training: bool) -> dict[str, Tensor]:
        set_drops(model, drops_of(batch, training))
        mask, padding = hidden(batch["mask"], self.sizes["heads"]), ~batch["visible"][:, 0, 0]
        return {"output": model(batch["x"], batch["memory"], tgt_mask=mask, memory_key_padding_mask=padding)}


# ---- whole models ----


class SmoothedByTorch(PaperTransformer):
    """The loss by torch alone."""

    def loss(self, model: Any, outputs: dict[str, Tensor], batch: dict[str, Tensor]) -> Tensor:
        logits = outputs["logits"].transpose(1, 2)
        return F.cross_entropy(logits, batch["labels"], ignore_index=PAD, label_smoothing=self.sizes["smoothing"])


class TorchModel(nn.Module):
    """`torch.nn.Transformer` with what it leaves to the user, embeddings and positions, and without its two final norms."""

    def __init__(self, vocabulary: int, layers: int, d_model: int, heads: int, d_ff: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, d_model)
        in_pairs = np.argsort(marian_order(d_model))
        self.positions = torch.tensor(marian_positions(POSITIONS, d_model)[:, in_pairs])
        body = nn.Transformer(d_model, heads, layers, layers, d_ff, dropout=0.0, batch_first=True)
        self.encoder, self.decoder = body.encoder, body.decoder
        self.encoder.norm = self.decoder.norm = None  # pyright: ignore[reportAttributeAccessIssue]
        for layer in (*self.encoder.layers, *self.decoder.layers):
            with_given_dropout(layer)

    def embed(self, tokens: Tensor, mask: Tensor | None) -> Tensor:
        weight = self.embedding.weight
        x = weight.shape[1] ** 0.5 * F.embedding(tokens, weight) + self.positions[: tokens.shape[1]].to(weight.dtype)
        return x if mask is None else x * mask

    def forward(self, source: Tensor, target: Tensor, masks: Mapping[str, Tensor] | None) -> Tensor:
        for stack, layers in (("encoder", self.encoder.layers), ("decoder", self.decoder.layers)):
            for i, layer in enumerate(layers):
                set_drops(layer, list(masks[stack][i]) if masks else [None] * 3)
        padding = source == PAD
        memory = self.encoder(self.embed(source, masks["source"] if masks else None), src_key_padding_mask=padding)
        x = self.decoder(
            self.embed(target, masks["target"] if masks else None),
            memory,
            tgt_mask=torch.ones(target.shape[1], target.shape[1], dtype=torch.bool).triu(1),  # True is hidden
            tgt_key_padding_mask=target == PAD,
            memory_key_padding_mask=padding,
        )
        return F.linear(x, self.embedding.weight)


class TorchTransformer(SmoothedByTorch):
    def build(self):
        return TorchModel(**of_model(self.sizes))

    @cached_property
    def names(self) -> NameTable:
        return torch_names(self.sizes["layers"])


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


@contextmanager
def marian_dropout(masks: Mapping[str, Tensor] | None) -> Iterator[None]:
    """While it lasts, torch's dropout multiplies by our masks, one after another, and is off where we have none."""
    places: list[Tensor] = []
    if masks is not None:
        places += [masks["source"], *masks["encoder"].flatten(0, 1)]
        places += [masks["target"], *masks["decoder"].flatten(0, 1)]
    given = iter([mask[..., marian_order(mask.shape[-1])] for mask in places])

    def dropout(x: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
        return x * next(given) if p and training and masks is not None else x

    with patch.object(F, "dropout", dropout):
        yield


class Marian(SmoothedByTorch):
    def build(self):
        return marian(**of_model(self.sizes))

    @cached_property
    def names(self) -> NameTable:
        return MarianNames(self.sizes["vocabulary"], self.sizes["layers"], self.sizes["d_model"], POSITIONS)

    def forward(self, model: Any, batch: dict[str, Tensor], training: bool) -> dict[str, Tensor]:
        source, target = batch["source"], batch["target"]
        with marian_dropout(masks_of(batch, training)):
            logits = model(
                input_ids=source,
                attention_mask=(source != PAD).long(),
                decoder_input_ids=target,
                decoder_attention_mask=(target != PAD).long(),
                use_cache=False,
            ).logits
        return {"logits": logits}
