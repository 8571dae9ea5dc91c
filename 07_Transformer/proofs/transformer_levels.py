"""The Transformer at every level behind one interface, for `../ladder.py` and for training.

    kind = TransformerKind(heads=8)
    level = kind.builders()["paper"](transformer_paper)
    trainer = level.start(params, lr=1e-3)
    trainer.step(with_masks(batch, params, 0.1, rng))

A batch holds "source" (B, S), "target" (B, T), "labels" (B, T), and in training the dropout masks.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformer_paper import BOS, EOS, PAD

from utils.ladder import Batch, Level, Params
from utils.levels import LowLevel, ModuleLevel, NumpyLevel

ADAM: dict[str, Any] = {"betas": (0.9, 0.98), "eps": 1e-9}  # section 5.3
HEADS = 2  # of every attention in the ladders: the shapes of parameters do not tell
MASK = "mask_"  # the dropout masks of a batch are "mask_source", "mask_target", "mask_encoder", "mask_decoder"


def layers_of(params: Mapping[str, Any]) -> int:
    return sum(name.startswith("encoder.") and name.endswith("norm1.weight") for name in params)


def sizes_of(params: Params, heads: int) -> dict[str, Any]:
    """The constructor's arguments for the model whose parameters these are; `heads` cannot be read from shapes."""
    vocabulary, d_model = params["embedding.weight"].shape
    sizes: dict[str, Any] = {"vocabulary": vocabulary, "layers": layers_of(params), "d_model": d_model, "heads": heads}
    sizes["d_ff"] = len(params["encoder.0.feed_forward.linear1.bias"])
    if (d_k := len(params["encoder.0.attention.q.bias"]) // heads) != d_model // heads:
        sizes["d_k"] = d_k
    if "positions" in params:
        sizes |= {"learned_positions": True, "max_length": len(params["positions"])}
    return sizes


def with_masks(batch: Batch, params: Mapping[str, Any], p: float, rng: np.random.Generator) -> Batch:
    """The batch with a dropout mask for every place where the paper drops; as it is when p is 0."""
    if p == 0:
        return batch
    draw = importlib.import_module("transformer_numpy").dropout_masks
    width = params["embedding.weight"].shape[1]
    masks = draw(layers_of(params), batch["source"].shape, batch["target"].shape, width, p, rng=rng)
    return batch | {f"{MASK}{name}": mask for name, mask in masks.items()}


def sentences(rng: np.random.Generator, lengths: Sequence[int], width: int, vocabulary: int) -> np.ndarray:
    """Ids from 3 on, padded on the right."""
    ids = rng.integers(3, vocabulary, (len(lengths), width))
    return np.where(np.arange(width) < np.array(lengths)[:, None], ids, PAD)


def translation_batch(rng: np.random.Generator, source: Sequence[int], target: Sequence[int], vocabulary: int) -> Batch:
    """Sentences of these lengths; the labels are the target one position later, with EOS."""
    words = sentences(rng, target, max(target), vocabulary)
    labels = np.concatenate([words, np.full((len(words), 1), PAD)], axis=1)
    labels[np.arange(len(words)), target] = EOS
    inputs = np.concatenate([np.full((len(words), 1), BOS), words], axis=1)
    return {"source": sentences(rng, source, max(source), vocabulary), "target": inputs, "labels": labels}


def drops_of(batch: Mapping[str, Any], training: bool) -> Any:
    return list(batch["drops"]) if training and "drops" in batch else [None] * 3


def masks_of(batch: Mapping[str, Any], training: bool) -> dict[str, Any] | None:
    """The dropout masks of a batch; None in evaluation and where there are none."""
    masks = {name.removeprefix(MASK): value for name, value in batch.items() if name.startswith(MASK)}
    return masks if training and masks else None


def trace_of(layers: int) -> tuple[str, ...]:
    """Names of the recorded activations, in the order of computation."""
    encoder, decoder = ("attention", "norm1", "feed_forward", "norm2"), ("self_attention", "norm1", "cross_attention")
    decoder += ("norm2", "feed_forward", "norm3")
    names = [f"encoder.{i}.{part}" for i in range(layers) for part in encoder]
    return (*names, *(f"decoder.{i}.{part}" for i in range(layers) for part in decoder))


class TransformerKind:
    """How a model is run at each level.

    Args:
        heads: of every attention.
        smoothing: eps of the label smoothing.
        warmup: of equation 3, which then sets the learning rate of `Level.train`; None leaves it alone.
        default: the sizes of a fresh model.
    """

    def __init__(
        self,
        *,
        heads: int,
        smoothing: float = 0.1,
        warmup: int | None = None,
        default: Mapping[str, Any] | None = None,
        max_length: int = 1024,
    ) -> None:
        self.heads, self.smoothing, self.warmup = heads, smoothing, warmup
        self.default, self.max_length = dict(default or {}) | {"heads": heads}, max_length
        self.trace = trace_of(self.default.get("layers", 0))

    def builders(self) -> dict[str, Callable[[ModuleType], Level]]:
        return {"numpy": self.numpy, "pytorch_lowlevel": self.pytorch_lowlevel, "paper": self.paper}

    def sizes(self, params: Params) -> dict[str, Any]:
        return sizes_of(params, self.heads)

    def options(self, sizes: Mapping[str, Any]) -> dict[str, Any]:
        return {"max_length": self.max_length} | dict(sizes or self.default)

    def schedule(self, module: ModuleType) -> Callable[[int], float] | None:
        if self.warmup is None:
            return None
        return lambda step: module.transformer_schedule(step + 1, self.default["d_model"], self.warmup)

    def numpy(self, module: ModuleType) -> Level:
        criterion = importlib.import_module("label_smoothing_numpy").LabelSmoothedCrossEntropy(self.smoothing)

        def one_pass(model: Any, batch: Batch, training: bool) -> tuple[dict, float, Callable]:
            logits = model.forward(batch["source"], batch["target"], masks_of(batch, training))
            loss = criterion.forward(logits, batch["labels"])

            def backward(inputs: bool) -> dict[str, np.ndarray]:
                model.backward(criterion.backward())
                return {}

            return {"logits": logits}, loss, backward

        def optimizer(model: Any, **options: Any) -> Any:
            return importlib.import_module("optimizers_numpy").Adam(model.params, **ADAM | options)

        return NumpyLevel(
            lambda rng, dtype, **sizes: module.Transformer(**self.options(sizes), rng=rng, dtype=dtype),
            one_pass,
            optimizer,
            activations=self.trace,
            schedule=self.schedule(importlib.import_module("schedule_numpy")),
            sizes=self.sizes,
        )

    def pytorch_lowlevel(self, module: ModuleType) -> Level:
        def one_pass(p: dict[str, Tensor], batch: dict[str, Tensor], training: bool) -> tuple[dict, Tensor, dict]:
            logits, record = module.transformer(
                p, batch["source"], batch["target"], self.heads, masks_of(batch, training)
            )
            return {"logits": logits}, module.smoothed_cross_entropy(logits, batch["labels"], self.smoothing), record

        def optimizer(params: dict[str, Tensor], **options: Any) -> Any:
            return importlib.import_module("optimizers_lowlevel").Adam(params, **ADAM | options)

        return LowLevel(
            lambda g: module.init_transformer(**self.default, generator=g),
            one_pass,
            optimizer,
            inputs=(),
            schedule=self.schedule(module),
        )

    def paper(self, module: ModuleType) -> Level:
        recipe = importlib.import_module("recipe_paper")

        def one_pass(model: Any, batch: dict[str, Tensor]) -> tuple[dict[str, Tensor], Tensor]:
            logits = model(batch["source"], batch["target"], masks_of(batch, model.training))
            return {"logits": logits}, recipe.smoothed_cross_entropy(logits, batch["labels"], self.smoothing)

        def build(**sizes: Any) -> Any:
            with default_dtype(torch.float64):  # the table of positions, of which float32 would lose digits
                return module.Transformer(**self.options(sizes), dropout=0.0)

        return ModuleLevel(
            build,
            one_pass,
            lambda model, **options: torch.optim.Adam(model.parameters(), **ADAM | options),
            inputs=(),
            init=module.init_transformer,
            activations=self.trace,
            schedule=self.schedule(recipe),
            sizes=self.sizes,
        )


class default_dtype:  # noqa: N801
    """New tensors get this dtype inside the block."""

    def __init__(self, dtype: torch.dtype) -> None:
        self.dtype = dtype

    def __enter__(self) -> None:
        self.before = torch.get_default_dtype()
        torch.set_default_dtype(self.dtype)

    def __exit__(self, *error: object) -> None:
        torch.set_default_dtype(self.before)
