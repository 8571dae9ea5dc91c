"""The contract of chapter 07: multi-head attention, a layer of the encoder and of the decoder, and the whole Transformer."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from transformer_checks import (
    count_check,
    decoding_check,
    empty_check,
    init_check,
    mask_check,
    position_check,
    schedule_check,
)
from transformer_layers import ATTENTION_LAYERS, NORM_LAYERS, TRANSFORMER_LAYERS
from transformer_levels import HEADS, translation_batch
from transformer_paper import PAD
from transformer_parts import (
    ATTENTION,
    DECODER_LAYER,
    ENCODER_LAYER,
    LAYERS,
    SMALL,
    TRANSFORMER,
    S,
    T,
    attention_batch,
    layer_batch,
    padded_batch,
    random_params,
)
from transformer_references import MARIAN, TORCH_ATTENTION, TORCH_DECODER_LAYER, TORCH_ENCODER_LAYER, TORCH_TRANSFORMER

from utils.ladder import Batch, Bench, Check, Climb, Deviation, Ladder, Overfit
from utils.parity.planting import load_mistakes
from utils.proofs import fresh_params
from utils.scripts import tiny_run

MISTAKES = load_mistakes(Path(__file__).parent)


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


def characters() -> int:
    return len(importlib.import_module("translation_data").date_coder())


fresh = partial(fresh_params, "transformer_numpy", "Transformer")  # of the NumPy level, at other sizes
BENCH_LENGTHS = tuple(range(17, 33))  # 16 sentences of 17 to 32 tokens


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
    scripts=tuple(tiny_run("train_transformer", "tiny", level) for level in ("paper", "numpy")),
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
        init=fresh(dtype=np.float32, vocabulary=1000, layers=2, d_model=128, heads=HEADS, d_ff=512),
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
