"""Attention, a layer of the encoder, a layer of the decoder and the whole Transformer at every level, with batches.

| ladder        | level            | model, forward                                        | loss         | optimizer |
| ------------- | ---------------- | ----------------------------------------------------- | ------------ | --------- |
| attention     | numpy            | `MultiHeadAttention(x, memory, mask)`                 | `MSELoss`    | `Adam`    |
|               | pytorch_lowlevel | `multi_head_attention(p, "", x, memory, mask, heads)` | `mse_loss`   | `Adam`    |
|               | paper            | `MultiHeadAttention(x, memory, mask)`                 | `F.mse_loss` | torch's   |
| encoder_layer | numpy, paper     | `EncoderLayer(x, mask, drops)`                        | as above     | as above  |
|               | pytorch_lowlevel | `encoder_layer(p, "", x, mask, heads, drops, record)` | as above     | as above  |
| decoder_layer | numpy, paper     | `DecoderLayer(x, memory, mask, memory_mask, drops)`   | as above     | as above  |
|               | pytorch_lowlevel | `decoder_layer(p, "", x, memory, ..., record)`        | as above     | as above  |
| transformer   | numpy            | `Transformer(source, target, masks)`                  | smoothed*    | as above  |
|               | pytorch_lowlevel | `transformer(p, source, target, heads, masks)`        | smoothed*    | as above  |
|               | paper            | `Transformer(source, target, masks)`                  | smoothed*    | as above  |

* the numpy level's `LabelSmoothedCrossEntropy`, the others' `smoothed_cross_entropy`
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from utils.ladder import Batch
from utils.levels import LowLevel, ModuleLevel, NumpyLevel
from utils.levels.arrays import flatten

PAD, BOS, EOS = 0, 1, 2
HEADS, D_MODEL, D_FF, VOCABULARY, LAYERS = 2, 10, 13, 17, 2  # heads of width 5
B, S, T = 3, 7, 11
DROPOUT = 0.3
LAYER_SIZES: dict[str, Any] = {"d_model": D_MODEL, "heads": HEADS, "d_ff": D_FF}
TRAINING: dict[str, Any] = {"dropout": DROPOUT, "smoothing": 0.1}  # sizes that are no arguments of the model
SIZES: dict[str, Any] = {"vocabulary": VOCABULARY, "layers": LAYERS, **LAYER_SIZES, **TRAINING}
ADAM: dict[str, Any] = {"betas": (0.9, 0.98), "eps": 1e-9}  # section 5.3
WARMUP = 4  # ten steps see both branches of equation 3


def schedule(step: int) -> float:
    """Equation 3, the first update being step 0."""
    return D_MODEL**-0.5 * min((step + 1) ** -0.5, (step + 1) * WARMUP**-1.5)


# ---- batches ----


def dropout_mask(rng: np.random.Generator, shape: tuple[int, ...], p: float) -> np.ndarray:
    return (rng.random(shape) >= p) / (1.0 - p)


def attention_batch(rng: np.random.Generator) -> Batch:
    """Each query sees keys of its own; one sees none, and in one sentence none sees any."""
    mask = rng.random((B, 1, T, S)) < 0.6
    mask[0, 0, 2], mask[1] = False, False
    x, y = rng.normal(size=(2, B, T, D_MODEL))
    return {"x": x, "memory": rng.normal(size=(B, S, D_MODEL)), "mask": mask, "y": y}


def encoder_batch(rng: np.random.Generator, width: int = S) -> Batch:
    """Continuous inputs x (B, width, d); one sentence of the source is nothing but padding."""
    x, y = rng.normal(size=(2, B, width, D_MODEL))
    visible = np.arange(S) < np.array([S, 0, 4])[:, None]
    return {"x": x, "y": y, "visible": visible[:, None, None, :]}  # (B, 1, 1, S)


def decoder_batch(rng: np.random.Generator) -> Batch:
    real = np.arange(T) < np.array([T, 6, 8])[:, None]
    mask = np.tril(np.ones((T, T), dtype=bool)) & real[:, None, None, :]  # (B, 1, T, T)
    return encoder_batch(rng, T) | {"memory": rng.normal(size=(B, S, D_MODEL)), "mask": mask}


def layer_noise(rng: np.random.Generator, batch: Batch, **sizes: Any) -> Batch:
    """A mask for each sub-layer; the encoder's has two, and leaves the third alone."""
    return {"drops": dropout_mask(rng, (3, *batch["x"].shape), DROPOUT)}


def drops_of(batch: Mapping[str, Any], training: bool) -> Any:
    """The dropout masks of a layer's sub-layers; None for each in evaluation."""
    return list(batch["drops"]) if training else [None] * 3


def sentences(rng: np.random.Generator, lengths: Sequence[int], vocabulary: int) -> np.ndarray:
    """Ids from 3 on, padded on the right."""
    ids = rng.integers(3, vocabulary, (len(lengths), max(lengths)))
    return np.where(np.arange(max(lengths)) < np.array(lengths)[:, None], ids, PAD)


def translation_batch(rng: np.random.Generator, source: Sequence[int], target: Sequence[int], vocabulary: int) -> Batch:
    """Sentences of these lengths; the labels are the target one position later, with EOS."""
    words = sentences(rng, target, vocabulary)
    labels = np.pad(words, ((0, 0), (0, 1)), constant_values=PAD)
    labels[np.arange(len(words)), target] = EOS
    inputs = np.pad(words, ((0, 0), (1, 0)), constant_values=BOS)
    return {"source": sentences(rng, source, vocabulary), "target": inputs, "labels": labels}


def padded_batch(rng: np.random.Generator) -> Batch:
    """Padding on both sides."""
    return translation_batch(rng, (S, 4, 5), (T - 5, T - 1, T - 3), VOCABULARY)


def label_count(batch: Batch) -> int:
    """The labels that are not padding, over which the loss is averaged."""
    return int(np.count_nonzero(batch["labels"] != PAD))


def dropout_noise(
    rng: np.random.Generator, batch: Batch, *, layers: int, d_model: int, dropout: float, **sizes: Any
) -> Batch:
    """A dropout mask for every place where the paper drops (section 5.4): the two sums of embedding and position, and the
    output of every sub-layer. None where `dropout` is 0."""
    if dropout == 0:
        return {}
    source, target = batch["source"].shape, batch["target"].shape
    shapes = {"source": source, "target": target, "encoder": (layers, 2, *source), "decoder": (layers, 3, *target)}
    return {f"mask_{name}": dropout_mask(rng, (*shape, d_model), dropout) for name, shape in shapes.items()}


def masks_of(batch: Mapping[str, Any], training: bool) -> dict[str, Any] | None:
    """The dropout masks as the models take them; None in evaluation and where there are none."""
    masks = {name.removeprefix("mask_"): value for name, value in batch.items() if name.startswith("mask_")}
    return masks if training and masks else None


# ---- attention and the layers, each by itself ----

ENCODER_TRACE = ("attention", "norm1", "feed_forward", "norm2")
DECODER_TRACE = ("self_attention", "norm1", "cross_attention", "norm2", "feed_forward", "norm3")


def attention_inputs(batch: Mapping[str, Any], training: bool) -> tuple[Any, ...]:
    return batch["x"], batch["memory"], batch["mask"]


def encoder_inputs(batch: Mapping[str, Any], training: bool) -> tuple[Any, ...]:
    return batch["x"], batch["visible"], drops_of(batch, training)


def decoder_inputs(batch: Mapping[str, Any], training: bool) -> tuple[Any, ...]:
    return batch["x"], batch["memory"], batch["mask"], batch["visible"], drops_of(batch, training)


class NumpyAttention(NumpyLevel):
    def build(self, rng, dtype):
        return self.load("attention_numpy").MultiHeadAttention(**self.sizes, rng=rng, dtype=dtype)

    def forward(self, model, batch, training):
        return {"output": model.forward(*attention_inputs(batch, training))}

    def loss(self, model, outputs, batch):
        criterion = self.load("linear_numpy").MSELoss()
        loss = criterion.forward(outputs["output"], batch["y"])
        given = self.ladder.inputs
        return loss, lambda inputs: dict(zip(given, flatten(model.backward(criterion.backward())), strict=True))

    def optimizer(self, params, **options):
        return self.load("optimizers_numpy").Adam(params, **ADAM | options)


class NumpyEncoderLayer(NumpyAttention):
    def build(self, rng, dtype):
        return self.load("transformer_numpy").EncoderLayer(**self.sizes, rng=rng, dtype=dtype)

    def forward(self, model, batch, training):
        return {"output": model.forward(*encoder_inputs(batch, training))}


class NumpyDecoderLayer(NumpyAttention):
    def build(self, rng, dtype):
        return self.load("transformer_numpy").DecoderLayer(**self.sizes, rng=rng, dtype=dtype)

    def forward(self, model, batch, training):
        return {"output": model.forward(*decoder_inputs(batch, training))}


class LowAttention(LowLevel):
    def init(self, generator):
        return self.load("attention_lowlevel").init_attention(**self.sizes, generator=generator)

    def forward(self, model, batch, training):
        attend, inputs = self.load("attention_lowlevel").multi_head_attention, attention_inputs(batch, training)
        return {"output": attend(model, "", *inputs, self.sizes["heads"])}, {}

    def loss(self, model, outputs, batch):
        return self.load("linear_lowlevel").mse_loss(outputs["output"], batch["y"])

    def optimizer(self, params, **options):
        return self.load("optimizers_lowlevel").Adam(params, **ADAM | options)


class LowEncoderLayer(LowAttention):
    def init(self, generator):
        return self.init_layer("encoder.0.", generator)

    def init_layer(self, prefix, generator):
        params: dict[str, torch.Tensor] = {}
        self.load("transformer_lowlevel").add_layer(params, prefix, **self.sizes, generator=generator)
        return {name.removeprefix(prefix): p for name, p in params.items()}

    def forward(self, model, batch, training):
        layer, record = self.load("transformer_lowlevel").encoder_layer, {}
        *inputs, drops = encoder_inputs(batch, training)
        return {"output": layer(model, "", *inputs, self.sizes["heads"], drops, record)}, record


class LowDecoderLayer(LowEncoderLayer):
    def init(self, generator):
        return self.init_layer("decoder.0.", generator)

    def forward(self, model, batch, training):
        layer, record = self.load("transformer_lowlevel").decoder_layer, {}
        *inputs, drops = decoder_inputs(batch, training)
        return {"output": layer(model, "", *inputs, self.sizes["heads"], drops, record)}, record


class PaperAttention(ModuleLevel):
    def build(self):
        return self.load("transformer_paper").MultiHeadAttention(**self.sizes)

    def init(self, module, generator):
        self.load("transformer_paper").init_transformer(module, generator)

    def forward(self, model, batch, training):
        return {"output": model(*attention_inputs(batch, training))}

    def loss(self, model, outputs, batch):
        return F.mse_loss(outputs["output"], batch["y"])

    def optimizer(self, params, **options):
        return torch.optim.Adam(params.values(), **ADAM | options)


class PaperEncoderLayer(PaperAttention):
    def build(self):
        paper = self.load("transformer_paper")
        return paper.EncoderLayer(**self.sizes, dropout=paper.Dropout(0.0, None))

    def forward(self, model, batch, training):
        return {"output": model(*encoder_inputs(batch, training))}


class PaperDecoderLayer(PaperAttention):
    def build(self):
        paper = self.load("transformer_paper")
        return paper.DecoderLayer(**self.sizes, dropout=paper.Dropout(0.0, None))

    def forward(self, model, batch, training):
        return {"output": model(*decoder_inputs(batch, training))}


# ---- the Transformer ----

TRANSFORMER_TRACE = (
    *(f"encoder.{i}.{part}" for i in range(LAYERS) for part in ENCODER_TRACE),
    *(f"decoder.{i}.{part}" for i in range(LAYERS) for part in DECODER_TRACE),
)


def of_model(sizes: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of the model among the sizes."""
    return {name: value for name, value in sizes.items() if name not in TRAINING}


class NumpyTransformer(NumpyAttention):
    def build(self, rng, dtype):
        return self.load("transformer_numpy").Transformer(**of_model(self.sizes), rng=rng, dtype=dtype)

    def forward(self, model, batch, training):
        return {"logits": model.forward(batch["source"], batch["target"], masks_of(batch, training))}

    def loss(self, model, outputs, batch):
        criterion = self.load("label_smoothing_numpy").LabelSmoothedCrossEntropy(self.sizes["smoothing"])
        loss = criterion.forward(outputs["logits"], batch["labels"])

        def backward(inputs):
            model.backward(criterion.backward())
            return {}

        return loss, backward


class LowTransformer(LowAttention):
    def init(self, generator):
        return self.load("transformer_lowlevel").init_transformer(**of_model(self.sizes), generator=generator)

    def forward(self, model, batch, training):
        transformer, ids = self.load("transformer_lowlevel").transformer, (batch["source"], batch["target"])
        logits, record = transformer(model, *ids, self.sizes["heads"], masks_of(batch, training))
        return {"logits": logits}, record

    def loss(self, model, outputs, batch):
        cross_entropy = self.load("transformer_lowlevel").smoothed_cross_entropy
        return cross_entropy(outputs["logits"], batch["labels"], self.sizes["smoothing"])


class PaperTransformer(PaperAttention):
    def build(self):
        with default_dtype(torch.float64):  # the table of positions, of which float32 would lose digits
            return self.load("transformer_paper").Transformer(**of_model(self.sizes), dropout=0.0)

    def forward(self, model, batch, training):
        return {"logits": model(batch["source"], batch["target"], masks_of(batch, training))}

    def loss(self, model, outputs, batch):
        cross_entropy = self.load("recipe_paper").smoothed_cross_entropy
        return cross_entropy(outputs["logits"], batch["labels"], self.sizes["smoothing"])


@contextmanager
def default_dtype(dtype: torch.dtype) -> Iterator[None]:
    """New tensors get this dtype inside the block."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)
