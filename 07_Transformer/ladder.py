"""The contract of chapter 07: multi-head attention, a layer of the encoder and of the decoder, and the whole Transformer."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from linear_lowlevel import mse_loss
from linear_numpy import MSELoss
from torch import Tensor, nn
from torch.nn import functional as F
from transformer_checks import (
    count_check,
    decoding_check,
    empty_check,
    init_check,
    mask_check,
    position_check,
    schedule_check,
)
from transformer_levels import ADAM, HEADS, TransformerKind, drops_of, translation_batch, with_masks
from transformer_paper import PAD, sinusoids
from transformer_references import (
    MARIAN,
    TORCH_ATTENTION,
    TORCH_DECODER_LAYER,
    TORCH_ENCODER_LAYER,
    TORCH_TRANSFORMER,
)

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
    Script,
)
from utils.numpy_level import NumpyLevel
from utils.planting import load_mistakes
from utils.torch_levels import LowLevel, ModuleLevel

MISTAKES = load_mistakes(Path(__file__).parent)

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


# ---- real data without a network: dates ----


@cache
def dates(split: str) -> tuple[list[list[int]], list[list[int]]]:
    data: Any = importlib.import_module("translation_data")
    return data.encode_pairs(
        data.load_pairs("dates-english", split, examples=4000 if split == "train" else 200), data.date_coder()
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
    return len(importlib.import_module("translation_data").date_coder())


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
    "An empty sentence then has finite values and gradients, as in torch's kernels. Attention as transformers writes it out"
    " (eager) adds a large negative number instead, and gives such a row the mean of all values.",
    "07_Transformer/paper/test_load_transformer.py::test_a_query_that_sees_nothing",
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
            'The vocabulary is "about 37,000" (section 5.1), but Table 3\'s counts need 41,000 rows for base and its'
            " variants, and 36,000 for big.",
            "With one shared embedding, base has 63 million parameters at 37,000 rows and 65 at 41,000; big has 214 and 213"
            " at 37,000 and 36,000.",
            "check: parameter count",
        ),
        Deviation(
            "d_k of Table 3, rows B, is the width of queries and keys alone; values stay d_model / heads wide.",
            "Only so do the paper's counts of 58 and 60 million come out.",
            "check: parameter count",
        ),
    ),
    scripts=(
        Script("train_transformer tiny, paper level", tiny_training("paper")),
        Script("train_transformer tiny, NumPy level", tiny_training("numpy")),
    ),
    overfit=Overfit(steps=40, loss=0.75, options={"lr": 0.01}),  # the entropy of the smoothed labels is 0.57
    climb=Climb(
        dataset="dates written in words to ISO 8601 (made by a seeded generator)",
        batches=date_batches,
        test=date_test,
        metric="accuracy",
        score=token_accuracy,
        init=lambda rng: fresh(vocabulary=characters(), layers=2, d_model=64, heads=HEADS, d_ff=128)(rng),
        steps=300,
        schedule=lambda step: 1e-3 * min(1.0, (step + 1) / 20),  # the ladder's own is made for ten steps
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
