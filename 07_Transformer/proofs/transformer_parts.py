"""What the chapter's ladders are made of: attention, a layer of the encoder, one of the decoder, and the small Transformer.

Each part stands by itself at every level behind one interface, `PartKind`; with them, parameters and batches to prove on.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import torch
from linear_lowlevel import mse_loss
from linear_numpy import MSELoss
from torch import Tensor, nn
from torch.nn import functional as F
from transformer_levels import ADAM, HEADS, TransformerKind, drops_of, translation_batch, with_masks

from utils.ladder import Batch, Level, Params
from utils.levels import LowLevel, ModuleLevel, NumpyLevel

LAYERS, D_MODEL, D_FF, VOCABULARY = 2, 10, 13, 17  # heads of width 5
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


def padded_batch(rng: np.random.Generator) -> Batch:
    """Padding on both sides, and dropout masks."""
    batch = translation_batch(rng, (S, 4, 5), (T - 5, T - 1, T - 3), VOCABULARY)
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
