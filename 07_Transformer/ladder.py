"""The contract of chapter 07: multi-head attention, a layer of the encoder and of the decoder, and the whole Transformer."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from linear_lowlevel import mse_loss
from linear_numpy import MSELoss
from load_transformer import marian_name, marian_order, permute_features, torch_layer_name, torch_name
from packed_level import PackedLevel, Table
from torch import Tensor, nn
from torch.nn import functional as F
from transformer_levels import ADAM, TransformerKind, default_dtype, masks_of, with_masks
from transformer_paper import sinusoids

from utils.ladder import (
    Batch,
    Bench,
    Check,
    Climb,
    Deviation,
    Ladder,
    LayerCase,
    Level,
    Overfit,
    Params,
)
from utils.levels import LowLevel, ModuleLevel, NumpyLevel
from utils.parity import Finding, compare, failed, passed
from utils.planting import load_mistakes

MISTAKES = load_mistakes(Path(__file__).parent)

PAD, BOS, EOS = 0, 1, 2
HEADS, LAYERS, D_MODEL, D_FF, VOCABULARY = 2, 2, 10, 13, 17  # heads of width 5
B, S, T = 3, 7, 11
DROPOUT = 0.3
SIZES: dict[str, Any] = {"vocabulary": VOCABULARY, "layers": LAYERS, "d_model": D_MODEL, "heads": HEADS, "d_ff": D_FF}
WARMUP = 4  # ten steps see both branches of equation 3


# ---- parameters and batches ----


def random_params(build: Callable[[ModuleType], nn.Module]) -> Callable[[np.random.Generator], Params]:
    """Everything random, scales and shifts too: ones and zeros would hide what is left out."""

    @cache
    def shapes() -> dict[str, tuple[int, ...]]:
        with torch.random.fork_rng(devices=[]):
            model = build(importlib.import_module("transformer_paper"))
        return {name: tuple(p.shape) for name, p in model.named_parameters()}

    def init(rng: np.random.Generator) -> Params:
        params: Params = {}
        for name, shape in shapes().items():
            if "norm" in name and name.endswith("weight"):
                params[name] = rng.uniform(0.5, 1.5, size=shape)
            elif len(shape) > 1:
                params[name] = rng.normal(size=shape) * shape[1] ** -0.5
            else:
                params[name] = rng.normal(size=shape) * 0.3
        return params

    return init


def transformer_params(**sizes: Any) -> Callable[[np.random.Generator], Params]:
    return random_params(lambda module: module.Transformer(**sizes, max_length=2))  # the table is no parameter


SMALL = transformer_params(**SIZES)


def sentences(rng: np.random.Generator, lengths: Sequence[int], width: int, vocabulary: int) -> np.ndarray:
    """Ids from 3 on, padded on the right."""
    ids = rng.integers(3, vocabulary, (len(lengths), width))
    return np.where(np.arange(width) < np.array(lengths)[:, None], ids, PAD)


def translation_batch(
    rng: np.random.Generator, source: Sequence[int], target: Sequence[int], vocabulary: int = VOCABULARY
) -> Batch:
    """Sentences of these lengths; the labels are the target one position later, with EOS."""
    words = sentences(rng, target, max(target), vocabulary)
    labels = np.concatenate([words, np.full((len(words), 1), PAD)], axis=1)
    labels[np.arange(len(words)), target] = EOS
    inputs = np.concatenate([np.full((len(words), 1), BOS), words], axis=1)
    return {"source": sentences(rng, source, max(source), vocabulary), "target": inputs, "labels": labels}


def padded_batch(rng: np.random.Generator) -> Batch:
    """Padding on both sides, and dropout masks."""
    batch = translation_batch(rng, (S, 4, 5), (T - 5, T - 1, T - 3))
    params = {"embedding.weight": np.empty((VOCABULARY, D_MODEL)), **dict.fromkeys(_norms(LAYERS))}
    return with_masks(batch, params, DROPOUT, rng)


def _norms(layers: int) -> list[str]:
    return [f"encoder.{i}.norm1.weight" for i in range(layers)]


def layer_batch(drops: int, width: int, *, memory: bool) -> Callable[[np.random.Generator], Batch]:
    """Continuous inputs x (B, width, d) and perhaps memory (B, S, d); one sentence is nothing but padding."""

    def batch(rng: np.random.Generator) -> Batch:
        kept = (rng.random((drops, B, width, D_MODEL)) >= DROPOUT) / (1 - DROPOUT)
        found: Batch = {
            "x": rng.normal(size=(B, width, D_MODEL)),
            "y": rng.normal(size=(B, width, D_MODEL)),
            "drops": kept,
        }
        lengths = np.array([S, 0, 4])
        found["visible"] = (np.arange(S) < lengths[:, None])[:, None, None, :]  # (B, 1, 1, S)
        if memory:
            found["memory"] = rng.normal(size=(B, S, D_MODEL))
            real = np.arange(T) < np.array([T, 6, 8])[:, None]
            found["mask"] = np.tril(np.ones((T, T), dtype=bool)) & real[:, None, None, :]  # (B, 1, T, T)
        return found

    return batch


def attention_batch(rng: np.random.Generator) -> Batch:
    """Each query sees keys of its own; one sees none, and in one sentence none sees any."""
    mask = rng.random((B, 1, T, S)) < 0.6
    mask[0, 0, 2], mask[1] = False, False
    found = {"x": rng.normal(size=(B, T, D_MODEL)), "memory": rng.normal(size=(B, S, D_MODEL)), "mask": mask}
    return found | {"y": rng.normal(size=(B, T, D_MODEL))}


# ---- the parts at each level: attention, a layer of the encoder, a layer of the decoder ----


class PartKind:
    """One part of the model by itself, with continuous inputs and a squared error.

    Args:
        name: its class at the NumPy and the paper level.
        home: the NumPy module that has it.
        call: what it is given, from the batch, `None` for the dropout masks in evaluation.
        low: the same at the low level: (module, parameters, batch, dropout masks, record) -> output.
        inputs: the continuous inputs of the batch.
        fresh: its own initialisation at the low level.
    """

    def __init__(
        self,
        name: str,
        call: Callable[[Mapping[str, Any], Any], tuple[Any, ...]],
        low: Callable[..., Tensor],
        *,
        inputs: tuple[str, ...],
        fresh: Callable[[ModuleType, torch.Generator], dict[str, Tensor]],
        sizes: tuple[Any, ...],
        trace: tuple[str, ...] = (),
    ) -> None:
        self.name, self.call, self.low, self.inputs = name, call, low, inputs
        self.fresh, self.sizes, self.trace = fresh, sizes, trace

    def build(self, module: ModuleType) -> nn.Module:
        """The part at the paper level."""
        if self.name == "MultiHeadAttention":
            return module.MultiHeadAttention(*self.sizes)
        return getattr(module, self.name)(*self.sizes, module.Dropout(0.0, None))

    def builders(self) -> dict[str, Callable[[ModuleType], Level]]:
        return {"numpy": self.numpy, "pytorch_lowlevel": self.pytorch_lowlevel, "paper": self.paper}

    def numpy(self, module: ModuleType) -> Level:
        criterion = MSELoss()

        def one_pass(model: Any, batch: Batch, training: bool) -> tuple[dict, float, Callable]:
            output = model.forward(*self.call(batch, drops_of(batch, training)))
            loss = criterion.forward(output, batch["y"])

            def backward(inputs: bool) -> dict[str, np.ndarray]:
                given = model.backward(criterion.backward())
                return dict(zip(self.inputs, given if isinstance(given, tuple) else (given,), strict=True))

            return {"output": output}, loss, backward

        return NumpyLevel(
            lambda rng, dtype: getattr(module, self.name)(*self.sizes, rng=rng, dtype=dtype),
            one_pass,
            lambda model, **options: importlib.import_module("optimizers_numpy").Adam(model.params, **ADAM | options),
            activations=self.trace,
        )

    def pytorch_lowlevel(self, module: ModuleType) -> Level:
        def one_pass(p: dict[str, Tensor], batch: dict[str, Tensor], training: bool) -> tuple[dict, Tensor, dict]:
            record: dict[str, Tensor] = {}
            output = self.low(module, p, batch, drops_of(batch, training), record)
            return {"output": output}, mse_loss(output, batch["y"]), record

        def optimizer(params: dict[str, Tensor], **options: Any) -> Any:
            return importlib.import_module("optimizers_lowlevel").Adam(params, **ADAM | options)

        return LowLevel(lambda g: self.fresh(module, g), one_pass, optimizer, inputs=self.inputs)

    def one_pass(self, model: Any, batch: dict[str, Tensor]) -> tuple[dict[str, Tensor], Tensor]:
        output = model(*self.call(batch, drops_of(batch, model.training)))
        return {"output": output}, F.mse_loss(output, batch["y"])

    def paper(self, module: ModuleType) -> Level:
        def init(model: nn.Module, generator: torch.Generator) -> None:
            model.d_model = D_MODEL  # pyright: ignore[reportArgumentType]
            module.init_transformer(model, generator)

        return ModuleLevel(
            lambda: self.build(module),
            self.one_pass,
            lambda model, **options: torch.optim.Adam(model.parameters(), **ADAM | options),
            inputs=self.inputs,
            init=init,
            activations=self.trace,
        )


def drops_of(batch: Mapping[str, Any], training: bool) -> Any:
    return list(batch["drops"]) if training and "drops" in batch else [None] * 3


def low_attention(module: ModuleType, p: Any, batch: Mapping[str, Any], drops: Any, record: Any) -> Tensor:
    return module.multi_head_attention(p, "", batch["x"], batch["memory"], batch["mask"], HEADS)


def low_encoder(module: ModuleType, p: Any, batch: Mapping[str, Any], drops: Any, record: Any) -> Tensor:
    return module.encoder_layer(p, "", batch["x"], batch["visible"], HEADS, drops, record)


def low_decoder(module: ModuleType, p: Any, batch: Mapping[str, Any], drops: Any, record: Any) -> Tensor:
    inputs = (batch["x"], batch["memory"], batch["mask"], batch["visible"])
    return module.decoder_layer(p, "", *inputs, HEADS, drops, record)


def fresh_layer(stack: str) -> Callable[[ModuleType, torch.Generator], dict[str, Tensor]]:
    def fresh(module: ModuleType, generator: torch.Generator) -> dict[str, Tensor]:
        params: dict[str, Tensor] = {}
        module.add_layer(params, f"{stack}.0.", D_MODEL, HEADS, D_FF, generator)
        return {name.removeprefix(f"{stack}.0."): p for name, p in params.items()}

    return fresh


ATTENTION = PartKind(
    "MultiHeadAttention",
    lambda batch, drops: (batch["x"], batch["memory"], batch["mask"]),
    low_attention,
    inputs=("x", "memory"),
    fresh=lambda module, generator: module.init_attention(D_MODEL, HEADS, generator=generator),
    sizes=(D_MODEL, HEADS),
)
ENCODER_LAYER = PartKind(
    "EncoderLayer",
    lambda batch, drops: (batch["x"], batch["visible"], drops),
    low_encoder,
    inputs=("x",),
    fresh=fresh_layer("encoder"),
    sizes=(D_MODEL, HEADS, D_FF),
    trace=("attention", "norm1", "feed_forward", "norm2"),
)
DECODER_LAYER = PartKind(
    "DecoderLayer",
    lambda batch, drops: (batch["x"], batch["memory"], batch["mask"], batch["visible"], drops),
    low_decoder,
    inputs=("x", "memory"),
    fresh=fresh_layer("decoder"),
    sizes=(D_MODEL, HEADS, D_FF),
    trace=("self_attention", "norm1", "cross_attention", "norm2", "feed_forward", "norm3"),
)
TRANSFORMER = TransformerKind(heads=HEADS, warmup=WARMUP, default=SIZES)


# ---- references: torch.nn and transformers ----


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


def torch_attention() -> nn.Module:
    module = nn.Module()
    module.self_attn = nn.MultiheadAttention(D_MODEL, HEADS, batch_first=True)
    return module


def part_reference(build: Callable[[], nn.Module], one_pass: Any, name: Callable[[str], str], **options: Any) -> Level:
    return PackedLevel(build, one_pass, adam, table=lambda params: grouped(in_order(params), name), **options)


TORCH_ATTENTION = part_reference(
    torch_attention,
    torch_attention_pass,
    lambda name: torch_layer_name(f"attention.{name}"),
    inputs=("x", "memory"),
)
TORCH_ENCODER_LAYER = part_reference(
    lambda: with_given_dropout(nn.TransformerEncoderLayer(D_MODEL, HEADS, D_FF, dropout=0.0, batch_first=True)),
    torch_encoder_pass,
    torch_layer_name,
    inputs=("x",),
)
TORCH_DECODER_LAYER = part_reference(
    lambda: with_given_dropout(nn.TransformerDecoderLayer(D_MODEL, HEADS, D_FF, dropout=0.0, batch_first=True)),
    torch_decoder_pass,
    torch_layer_name,
    inputs=("x", "memory"),
)


class TorchTransformer(nn.Module):
    """`torch.nn.Transformer` with what it leaves to the user, embeddings and positions, and without its two final norms."""

    def __init__(self, vocabulary: int, layers: int, d_model: int, heads: int, d_ff: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, d_model)
        self.register_buffer("positions", sinusoids(64, d_model), persistent=False)
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


def marian(vocabulary: int, layers: int, d_model: int, heads: int, d_ff: int, positions: int = 64) -> nn.Module:
    transformers: Any = importlib.import_module("transformers")
    both = {"layers": layers, "attention_heads": heads, "ffn_dim": d_ff}
    config = transformers.MarianConfig(
        vocab_size=vocabulary,
        d_model=d_model,
        **{f"{side}_{key}": value for side in ("encoder", "decoder") for key, value in both.items()},
        activation_function="relu",
        scale_embedding=True,
        dropout=DROPOUT,
        attention_dropout=0.0,  # the paper drops neither weights nor hidden units
        activation_dropout=0.0,
        max_position_embeddings=positions,
        pad_token_id=PAD,
        eos_token_id=EOS,
        decoder_start_token_id=BOS,
        attn_implementation="sdpa",
    )
    return transformers.MarianMTModel(config)


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
    positions = sinusoids(64, d_model).numpy()[:, marian_order(d_model)].astype(table.dtype)
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
    sizes=TRANSFORMER.sizes,
)
MARIAN = MarianLevel(
    marian,
    marian_pass,
    adam,
    table=lambda params: grouped(list(params), marian_name),
    extras=marian_extras,
    inputs=(),
    sizes=TRANSFORMER.sizes,
)
for _reference in (TORCH_TRANSFORMER, MARIAN):
    _reference.schedule = TRANSFORMER.schedule(importlib.import_module("recipe_paper"))


# ---- layers: each against central differences and the torch operation ----


def part(module: ModuleType, name: str, home: str) -> Any:
    """A class of the level's own module, or of the module of this chapter that holds it."""
    return getattr(module, name) if hasattr(module, name) else getattr(importlib.import_module(home), name)


def randomised(layer: Any, rng: np.random.Generator) -> Any:
    for p in layer.params.values():
        p[...] = rng.normal(size=p.shape) * 0.6
    return layer


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
    return WithoutKeyBias(randomised(layer, rng)), (rng.normal(size=(2, 7, 15)), rng.normal(size=(2, 11, 15)), mask)


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
        return randomised(part(module, "LayerNorm", "layernorm_numpy")(7), rng), (x,)

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
    return randomised(part(module, "FeedForward", "transformer_numpy")(5, 7, rng=rng), rng), (
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


# ---- checks ----

Modules = Mapping[str, ModuleType]


def near(what: str, got: float, want: float, tolerance: float) -> Finding:
    off = abs(got / want - 1.0)
    return passed(what, off) if off <= tolerance else failed(what, f"{got:.5g}, expected {want:.5g} +- {tolerance:.2%}")


TABLE_3: dict[str, tuple[dict[str, Any], int]] = {  # row -> what differs from base, millions of parameters in the paper
    "base": ({}, 65),
    "(B) d_k 16": ({"d_k": 16}, 58),
    "(B) d_k 32": ({"d_k": 32}, 60),
    "(C) N 2": ({"layers": 2}, 36),
    "(C) N 4": ({"layers": 4}, 50),
    "(C) N 8": ({"layers": 8}, 80),
    "(C) d_model 256": ({"d_model": 256, "d_k": 32}, 28),
    "(C) d_model 1024": ({"d_model": 1024, "d_k": 128}, 168),
    "(C) d_ff 1024": ({"d_ff": 1024}, 53),
    "(C) d_ff 4096": ({"d_ff": 4096}, 90),
}
BODY, BIG_BODY = 44_138_496, 176_357_376  # parameters besides the embedding, base and big


@contextmanager
def shapes_only() -> Iterator[None]:
    """Modules that are built inside have shapes and no numbers, and draw none."""
    rules = ("kaiming_uniform_", "xavier_uniform_", "uniform_", "normal_")
    with torch.device("meta"), patch.multiple(nn.init, **dict.fromkeys(rules, lambda p, *_, **__: p)):
        yield


@cache
def shared_counts() -> dict[str, int]:
    """What the references count: torch.nn.Transformer's body without its two final norms, Marian's at 37,000 ids."""
    with shapes_only():
        body = sum(p.numel() for p in nn.Transformer().parameters())
        theirs = marian(37_000, 6, 512, 8, 2048)
    return {"torch": body - 4 * 512, "Marian": sum(p.numel() for p in theirs.parameters() if p.requires_grad)}


@cache
def count_of(module: ModuleType, vocabulary: int, **options: Any) -> int:
    with shapes_only():
        return sum(p.numel() for p in module.Transformer(vocabulary, max_length=2, **options).parameters())


def count_check(modules: Modules, rng: np.random.Generator) -> list[Finding]:
    """Every count of Table 3 with one shared embedding of 41,000 rows; base and big at 37,000; the references' counts."""
    paper = modules["paper"]
    findings = []
    for row, (options, millions) in TABLE_3.items():
        got = count_of(paper, 41_000, **options) / 1e6
        good = abs(got - millions) < 1.0
        message = f"{got:.1f} million, the paper has {millions}"
        findings.append(passed(f"Table 3, {row}") if good else failed(f"Table 3, {row}", message))
    findings.append(compare("base, 37,000 ids", count_of(paper, 37_000), BODY + 37_000 * 512))
    big = {"d_model": 1024, "heads": 16, "d_ff": 4096}
    findings.append(compare("big, 37,000 ids", count_of(paper, 37_000, **big), BIG_BODY + 37_000 * 1024))
    findings.append(compare("torch.nn.Transformer's body", shared_counts()["torch"], BODY))
    findings.append(compare("Marian, 37,000 ids", shared_counts()["Marian"], BODY + 37_000 * 512))
    small = {"layers": 2, "d_model": 12, "heads": 3, "d_ff": 7, "d_k": 5}
    ours = modules["numpy"].Transformer(11, rng=rng, max_length=2, **small).params
    findings.append(compare("numpy, small", sum(p.size for p in ours.values()), count_of(paper, 11, **small)))
    return findings


def schedule_check(modules: Modules, rng: np.random.Generator) -> list[Finding]:
    """Equation 3 by hand: the peak at the end of the warm-up, half of it in its middle and at four times its length."""
    schedules = {
        "numpy": importlib.import_module("schedule_numpy").transformer_schedule,
        "pytorch_lowlevel": modules["pytorch_lowlevel"].transformer_schedule,
        "paper": importlib.import_module("recipe_paper").transformer_schedule,
    }
    peak = 1.0 / np.sqrt(512 * 4000)  # 6.99e-4
    findings = []
    for level, schedule in schedules.items():
        for step, want in ((1, peak / 4000), (2000, peak / 2), (4000, peak), (16_000, peak / 2)):
            findings.append(compare(f"{level}, step {step}", schedule(step, 512, 4000), want, rtol=1e-12))
    return findings


def position_check(modules: Modules, rng: np.random.Generator) -> list[Finding]:
    """The table by the paper's formula one number at a time; a shift is a rotation; Marian's has the same columns."""
    ours = part(modules["paper"], "sinusoids", "transformer_paper")(64, 8).numpy()
    numpy_table = importlib.import_module("embedding_numpy").sinusoids(64, 8)
    low = modules["pytorch_lowlevel"].sinusoids(64, 8).numpy()
    by_hand = np.empty((64, 8))
    for pos in range(64):
        for i in range(4):
            angle = pos / 10000 ** (2 * i / 8)
            by_hand[pos, 2 * i], by_hand[pos, 2 * i + 1] = np.sin(angle), np.cos(angle)
    findings = [
        compare(f"{n} table", t, by_hand) for n, t in (("paper", ours), ("numpy", numpy_table), ("lowlevel", low))
    ]
    shift, rates = 5, 10000.0 ** (-np.arange(4) / 4)
    sin, cos = ours[:-shift, 0::2], ours[:-shift, 1::2]
    turned = sin * np.cos(shift * rates) + cos * np.sin(shift * rates)
    findings.append(compare("PE(pos + 5) as a rotation of PE(pos)", ours[shift:, 0::2], turned, rtol=1e-9, atol=1e-9))
    theirs = marian_table(64, 8)
    findings.append(compare("Marian's table in its order", theirs, ours[:, marian_order(8)], rtol=0, atol=1e-6))
    return findings


@cache
def marian_table(length: int, d_model: int) -> np.ndarray:
    return marian(5, 2, d_model, 2, 7, length).get_submodule("model.encoder.embed_positions").create_weight().numpy()  # pyright: ignore


def levels_of(modules: Modules, params: Params) -> dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]]:
    """Logits of source and target ids at every level, in evaluation."""
    tensors = {name: torch.tensor(p) for name, p in params.items()}
    sizes = TRANSFORMER.options(TRANSFORMER.sizes(params))
    net = modules["numpy"].Transformer(**sizes, rng=np.random.default_rng(0))
    net.load(params)
    model = paper_model(modules["paper"], params)
    low = modules["pytorch_lowlevel"].transformer

    def paper(source: np.ndarray, target: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return model(torch.tensor(source), torch.tensor(target)).numpy()

    return {
        "numpy": net.forward,
        "pytorch_lowlevel": lambda s, t: low(tensors, torch.tensor(s), torch.tensor(t), HEADS)[0].numpy(),
        "paper": paper,
    }


def paper_model(module: ModuleType, params: Params) -> Any:
    with default_dtype(torch.float64), torch.random.fork_rng(devices=[]):
        model = module.Transformer(**TRANSFORMER.options(TRANSFORMER.sizes(params)), dropout=0.0)
    model.load_state_dict({name: torch.tensor(p) for name, p in params.items()})
    return model.eval()


def mask_check(modules: Modules, rng: np.random.Generator) -> list[Finding]:
    """What may not be seen changes nothing: later target tokens, and what stands in the batch beside a sentence."""
    params = SMALL(rng)
    batch = translation_batch(rng, (S, 4, 5), (6, 9, 7))
    findings = []
    for level, logits in levels_of(modules, params).items():
        source, target = batch["source"], batch["target"]
        whole = logits(source, target)
        changed = target.copy()
        changed[:, 5:] = np.where(changed[:, 5:] == PAD, PAD, 3 + (changed[:, 5:] - 2) % (VOCABULARY - 3))
        findings.append(compare(f"{level}, before a changed token", logits(source, changed)[:, :5], whole[:, :5]))
        alone = logits(source[1:2, :4], target[1:2])
        findings.append(compare(f"{level}, a padded sentence alone", alone[0], whole[1]))
    return findings


def empty_check(modules: Modules, rng: np.random.Generator) -> list[Finding]:
    """A source of nothing but padding: attention to it gives 0, so all is finite, and equal at every level."""
    params = SMALL(rng)
    batch = translation_batch(rng, (S, 0, 5), (6, 9, 7))
    logits = {name: level(batch["source"], batch["target"]) for name, level in levels_of(modules, params).items()}
    reference = TORCH_TRANSFORMER.run(params, batch, training=False)
    findings = [compare(f"{n} logits", logits[n], logits["paper"]) for n in ("numpy", "pytorch_lowlevel")]
    findings.append(compare("torch.nn.Transformer logits", reference.outputs["logits"], logits["paper"]))
    for name, level in {n: TRANSFORMER.builders()[n](m) for n, m in modules.items()}.items():
        grads = level.run(params, batch, training=False).grads
        for key, value in reference.grads.items():
            findings.append(compare(f"{name} gradient {key}", grads[key], value, may_be_zero=True))
    return findings


def decoding_check(modules: Modules, rng: np.random.Generator) -> list[Finding]:
    """Step by step with the cache as at once without it; the same translations at both levels that decode."""
    decode_numpy, decode_paper = (importlib.import_module(f"decoding_{level}") for level in ("numpy", "paper"))
    params = SMALL(rng)
    params["embedding.weight"] *= 1.5  # likelier tokens, and so hypotheses that end
    net = modules["numpy"].Transformer(**TRANSFORMER.options(SIZES), rng=rng)
    net.load(params)
    model = paper_model(modules["paper"], params)
    batch = translation_batch(rng, (S, 4, 0), (6, 9, 7))
    source, target = batch["source"], batch["target"]
    whole = levels_of(modules, params)["paper"](source, target)
    findings = []
    ours, theirs = net.start(source), model.start(torch.tensor(source))
    for t in range(target.shape[1]):
        findings.append(compare(f"numpy, cached position {t}", net.step(target[:, t], ours), whole[:, t]))
        with torch.no_grad():
            cached = model.step(torch.tensor(target[:, t]), theirs).numpy()
        findings.append(compare(f"paper, cached position {t}", cached, whole[:, t]))
    tokens = torch.tensor(source)
    pairs = {"greedy": (decode_numpy.greedy(net, source, 12), decode_paper.greedy(model, tokens, 12))}
    for beam, alpha in ((2, 0.0), (4, 0.6), (5, 1.0)):
        options: dict[str, Any] = {"beam": beam, "alpha": alpha, "max_length": 12}
        both = decode_numpy.beam_search(net, source, **options), decode_paper.beam_search(model, tokens, **options)
        pairs[f"beam {beam}, alpha {alpha}"] = both
    for what, (got, want) in pairs.items():
        findings.append(passed(what) if got == want else failed(what, f"numpy gives {got}, paper {want}"))
    plain = without_cache(net, source, 12)
    got = pairs["greedy"][0]
    findings.append(passed("greedy without a cache") if got == plain else failed("greedy without a cache", f"{plain}"))
    return findings


def without_cache(net: Any, source: np.ndarray, max_length: int) -> list[list[int]]:
    """Greedy decoding that runs the whole model again for every token."""
    target = np.full((len(source), 1), BOS)
    for _ in range(max_length):
        target = np.concatenate([target, net.forward(source, target)[:, -1].argmax(1)[:, None]], axis=1)
    rows = target[:, 1:].tolist()
    return [row[: row.index(EOS)] if EOS in row else row for row in rows]


def init_check(modules: Modules, rng: np.random.Generator) -> list[Finding]:
    """Glorot's bound for matrices, N(0, 1/d) for the embedding, biases 0, scales 1, at every level."""
    sizes: dict[str, Any] = {"layers": 2, "d_model": 40, "heads": 4, "d_ff": 90}
    generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
    with torch.random.fork_rng(devices=[]):
        paper = modules["paper"].Transformer(1000, generator=generator, **sizes)
    low = modules["pytorch_lowlevel"].init_transformer(1000, generator=generator, **sizes)
    levels: dict[str, Params] = {
        "numpy": modules["numpy"].Transformer(1000, rng=rng, **sizes).params,
        "pytorch_lowlevel": {name: p.detach().numpy() for name, p in low.items()},
        "paper": {name: p.detach().numpy() for name, p in paper.named_parameters()},
    }
    findings = []
    for level, params in levels.items():
        for name, p in params.items():
            what = f"{level} {name}"
            if name == "embedding.weight":
                findings.append(near(f"{what} standard deviation", float(p.std()), 40**-0.5, 0.03))
            elif p.ndim == 2:
                bound = np.sqrt(6.0 / sum(p.shape))
                findings.append(near(f"{what} largest", float(np.abs(p).max()), bound, 0.02))
                findings.append(near(f"{what} standard deviation", float(p.std()), bound / np.sqrt(3.0), 0.08))
            else:
                want = np.full(p.shape, float(name.endswith("weight")))
                findings.append(compare(what, p, want, may_be_zero=True))
    return findings


# ---- real data without a network: dates ----


@cache
def dates(split: str) -> tuple[list[list[int]], list[list[int]]]:
    data: Any = importlib.import_module("translation_data")
    return data.encode_pairs(
        data.load_pairs("dates-english", split, examples=4000 if split == "train" else 200), data.Characters()
    )


def date_batches(rng: np.random.Generator, steps: int) -> Iterator[Batch]:
    data: Any = importlib.import_module("translation_data")
    sources, targets = dates("train")
    for _ in range(steps):
        chosen = rng.integers(0, len(sources), 32)
        yield data.make_batch([sources[i] for i in chosen], [targets[i] for i in chosen])


def date_test() -> Batch:
    data: Any = importlib.import_module("translation_data")
    return data.make_batch(*dates("test"))


def token_accuracy(outputs: dict[str, np.ndarray], batch: Batch) -> float:
    """Share of the right characters, each predicted from the right ones before it."""
    real = batch["labels"] != PAD
    return float((outputs["logits"].argmax(axis=2) == batch["labels"])[real].mean())


def fresh(dtype: Any = np.float64, **sizes: Any) -> Callable[[np.random.Generator], Params]:
    """The NumPy level's own initialisation, at other sizes."""

    def init(rng: np.random.Generator) -> Params:
        net = importlib.import_module("transformer_numpy").Transformer(**sizes, rng=rng, dtype=dtype)
        return {name: p.copy() for name, p in net.params.items()}

    return init


def characters() -> int:
    return len(importlib.import_module("translation_data").Characters())


BENCH_LENGTHS = tuple(range(17, 33))  # 16 sentences of 17 to 32 tokens


def tiny_training(level: str, *changes: str) -> Callable[[Path], object]:
    def run(folder: Path) -> object:
        script = importlib.import_module("train_transformer")
        from utils.config import load_config

        configs = Path(__file__).parent / "paper" / "configs"
        return script.main(load_config("tiny", script.CONFIG, list(changes), folder=configs), folder, level=level)

    return run


# ---- the ladders ----

PAPER = "Vaswani et al. 2017"
ALL = {"numpy": "transformer_numpy", "pytorch_lowlevel": "transformer_lowlevel", "paper": "transformer_paper"}
ATTENTIONS = [f"encoder.{i}.attention" for i in range(LAYERS)]
ATTENTIONS += [f"decoder.{i}.{kind}_attention" for i in range(LAYERS) for kind in ("self", "cross")]

NO_ROW = Deviation(
    "A query that sees no key gets 0 from attention. The softmax of equation 1 is not defined there.",
    "An empty sentence then has finite values and gradients. torch's kernels do the same; transformers' masks add a large"
    " negative number, and give such a row the mean of all values.",
    "check: an empty source",
)

ATTENTION_LADDER = Ladder(
    name="attention",
    chapter="07",
    paper=f"{PAPER}, section 3.2",
    init=random_params(ATTENTION.build),
    batch=attention_batch,
    modules=ALL | {"numpy": "attention_numpy", "pytorch_lowlevel": "attention_lowlevel"},
    builders=ATTENTION.builders(),
    references={"torch.nn.MultiheadAttention": TORCH_ATTENTION},
    zero_grad=frozenset({"k.bias"}),
    layers=ATTENTION_LAYERS,
    mistakes=MISTAKES["attention"],
    deviations=(NO_ROW,),
)

ENCODER_LADDER = Ladder(
    name="encoder_layer",
    chapter="07",
    paper=f"{PAPER}, section 3.1",
    init=random_params(ENCODER_LAYER.build),
    batch=layer_batch(2, S, memory=False),
    modules=ALL,
    builders=ENCODER_LAYER.builders(),
    references={"torch.nn.TransformerEncoderLayer": TORCH_ENCODER_LAYER},
    activations=ENCODER_LAYER.trace,
    zero_grad=frozenset({"attention.k.bias"}),
    layers=NORM_LAYERS,
    mistakes=MISTAKES["encoder_layer"],
)

DECODER_LADDER = Ladder(
    name="decoder_layer",
    chapter="07",
    paper=f"{PAPER}, section 3.1",
    init=random_params(DECODER_LAYER.build),
    batch=layer_batch(3, T, memory=True),
    modules=ALL,
    builders=DECODER_LAYER.builders(),
    references={"torch.nn.TransformerDecoderLayer": TORCH_DECODER_LAYER},
    activations=DECODER_LAYER.trace,
    zero_grad=frozenset({"self_attention.k.bias", "cross_attention.k.bias"}),
    mistakes=MISTAKES["decoder_layer"],
)

TRANSFORMER_LADDER = Ladder(
    name="transformer",
    chapter="07",
    paper=PAPER,
    init=SMALL,
    batch=padded_batch,
    modules=ALL,
    builders=TRANSFORMER.builders(),
    references={"torch.nn.Transformer": TORCH_TRANSFORMER, "transformers Marian": MARIAN},
    activations=TRANSFORMER.trace,
    zero_grad=frozenset(f"{name}.k.bias" for name in ATTENTIONS),
    layers=TRANSFORMER_LAYERS,
    checks=(
        Check("masks", mask_check, proof="levels"),
        Check("an empty source", empty_check, proof="levels"),
        Check("decoding", decoding_check, proof="levels"),
        Check("initialisation statistics", init_check, proof="levels"),
        Check("learning rate", schedule_check, proof="training"),
        Check("parameter count", count_check),
        Check("positions", position_check),
    ),
    mistakes=MISTAKES["transformer"],
    deviations=(
        NO_ROW,
        Deviation(
            "torch.nn.Transformer normalises once more behind the encoder and behind the decoder.",
            "The paper's layers end with a norm, so a second one has no place; the reference is taken without both.",
            "check: parameter count",
        ),
        Deviation(
            "torch.nn.Transformer's layers, and tensor2tensor, also drop attention weights and hidden units.",
            "Section 5.4 names the sub-layers' outputs and the sums of embeddings and positions, and no more.",
            "07_Transformer/paper/test_transformer_paper.py::test_dropout_is_where_the_paper_has_it",
        ),
        Deviation(
            "Marian's table of positions has the sines first and then the cosines; the paper alternates them.",
            "The features are the same in another order, and nothing else depends on their order.",
            "check: positions",
        ),
        Deviation(
            "Marian scales the embeddings only with scale_embedding, which is off by default.",
            "Section 3.4 multiplies by sqrt(d_model); a checkpoint without it is refused.",
            "07_Transformer/paper/test_load_transformer.py::test_other_networks_are_refused",
        ),
        Deviation(
            "Marian adds final_logits_bias to the logits.",
            "The paper's output layer has the embedding alone; a checkpoint with such a bias is refused.",
            "07_Transformer/paper/test_load_transformer.py::test_a_bias_on_the_logits_is_refused",
        ),
        Deviation(
            "Projections have biases, and layer normalisation has eps = 1e-5.",
            "The paper says neither; both are what torch and Marian do, and the counts of Table 3 allow it.",
            "check: parameter count",
        ),
        Deviation(
            "Glorot's uniform rule for matrices and N(0, 1/d) for embeddings.",
            "The paper does not say how the weights begin; so does the code that it published.",
            "check: initialisation statistics",
        ),
        Deviation(
            "Label smoothing spreads eps over all V tokens, the right one and padding among them.",
            "So do Szegedy et al. 2016, section 7, and torch; others spread it over the V - 1 wrong ones.",
            "07_Transformer/numpy/test_label_smoothing_numpy.py::test_by_hand",
        ),
        Deviation(
            "d_k of Table 3, rows B, is the width of queries and keys alone; values stay d_model / heads wide.",
            "Only so do the paper's counts of 58 and 60 million come out.",
            "check: parameter count",
        ),
    ),
    overfit=Overfit(steps=40, loss=0.75, options={"lr": 0.01}),  # the entropy of the smoothed labels is 0.57
    climb=Climb(
        dataset="dates written in words to ISO 8601 (made by a seeded generator)",
        batches=date_batches,
        test=date_test,
        metric="accuracy",
        score=token_accuracy,
        init=lambda rng: fresh(vocabulary=characters(), layers=2, d_model=64, heads=HEADS, d_ff=128)(rng),
        steps=200,
        options={"lr": 1e-3},
    ),
    bench=Bench(
        init=fresh(np.float32, vocabulary=1000, layers=2, d_model=128, heads=HEADS, d_ff=512),
        batch=lambda rng: translation_batch(rng, BENCH_LENGTHS, BENCH_LENGTHS[::-1], 1000),
        what="2 + 2 layers, d_model 128, batch 16, up to 32 tokens",
    ),
    train_script="train_transformer",
)

LADDERS = {
    "attention": ATTENTION_LADDER,
    "encoder_layer": ENCODER_LADDER,
    "decoder_layer": DECODER_LADDER,
    "transformer": TRANSFORMER_LADDER,
}
