"""The contract of chapter 07: multi-head attention, a layer of the encoder and of the decoder, and the whole Transformer."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
from transformer_checks import (
    attention_check,
    count_check,
    dropout_check,
    empty_check,
    init_check,
    mask_check,
    online_softmax_check,
    position_check,
    schedule_check,
)
from transformer_layers import ATTENTION_LAYERS, FEED_FORWARD_LAYERS, NORM_LAYERS, TRANSFORMER_LAYERS
from transformer_levels import (
    D_MODEL,
    DECODER_TRACE,
    ENCODER_TRACE,
    HEADS,
    LAYER_SIZES,
    LAYERS,
    PAD,
    SIZES,
    TRANSFORMER_TRACE,
    LowAttention,
    LowDecoderLayer,
    LowEncoderLayer,
    LowTransformer,
    NumpyAttention,
    NumpyDecoderLayer,
    NumpyEncoderLayer,
    NumpyTransformer,
    PaperAttention,
    PaperDecoderLayer,
    PaperEncoderLayer,
    PaperTransformer,
    attention_batch,
    decoder_batch,
    dropout_noise,
    encoder_batch,
    label_count,
    layer_noise,
    padded_batch,
    schedule,
    translation_batch,
)
from transformer_references import Marian, TorchAttention, TorchDecoderLayer, TorchEncoderLayer, TorchTransformer
from translation_checks import bpe_check, cache_check, search_check
from translation_data import date_coder, encode_pairs, load_pairs, make_batch

from utils.ladder import Batch, Bench, Check, Climb, Deviation, Ladder, Overfit, Trainer
from utils.parity.planting import load_mistakes
from utils.scripts import tiny_run

MISTAKES = load_mistakes(Path(__file__).parent)


# ---- real data without a network: dates ----

TOKENS = 600  # of their byte-pair encoding


@cache
def dates(split: str) -> tuple[list[list[int]], list[list[int]]]:
    return encode_pairs(
        load_pairs("dates-english", split, examples=4000 if split == "train" else 200), date_coder(TOKENS)
    )


def date_batches(rng: np.random.Generator, steps: int) -> Iterator[Batch]:
    sources, targets = dates("train")
    for _ in range(steps):
        chosen = rng.integers(0, len(sources), 32)
        yield make_batch([sources[i] for i in chosen], [targets[i] for i in chosen])


def token_accuracy(trainer: Trainer, test: Batch) -> float:
    """Share of the right characters, each predicted from the right ones before it."""
    real = test["labels"] != PAD
    return float((trainer.predict(test)["logits"].argmax(axis=2) == test["labels"])[real].mean())


# ---- the ladders ----

PAPER = "Vaswani et al. 2017"
MODULES = {"numpy": "transformer_numpy", "pytorch_lowlevel": "transformer_lowlevel", "paper": "transformer_paper"}
BENCH_LENGTHS = tuple(range(17, 33))  # 16 sentences of 17 to 32 tokens
ATTENTIONS = [f"encoder.{i}.attention" for i in range(LAYERS)]
ATTENTIONS += [f"decoder.{i}.{kind}_attention" for i in range(LAYERS) for kind in ("self", "cross")]

NO_ROW = Deviation(
    "A query that sees no key is defined to get 0 from attention. The softmax of equation 1 is not defined there.",
    "An empty sentence then has finite values and gradients, as in torch's kernels. The eager attention of transformers adds"
    " a large negative number instead, which gives such a row the mean of all values.",
    "07_Transformer/paper/test_load_transformer.py::test_a_query_that_sees_nothing",
)

ATTENTION_LADDER = Ladder(
    paper=f"{PAPER}, section 3.2",
    sizes={"d_model": D_MODEL, "heads": HEADS},
    data=attention_batch,
    modules=MODULES | {"numpy": "attention_numpy", "pytorch_lowlevel": "attention_lowlevel"},
    builders={"numpy": NumpyAttention, "pytorch_lowlevel": LowAttention, "paper": PaperAttention},
    reference_builders={"torch.nn.MultiheadAttention": TorchAttention},
    inputs=("x", "memory"),
    zero_grad=frozenset({"k.bias"}),
    layers=ATTENTION_LAYERS,
    checks=(
        Check("attention", attention_check, proof="levels"),
        Check("online softmax", online_softmax_check, proof="levels"),
        init_check("attention"),
    ),
    mistakes=MISTAKES["attention"],
    deviations=(NO_ROW,),
)

ENCODER_LADDER = Ladder(
    paper=f"{PAPER}, section 3.1",
    sizes=LAYER_SIZES,
    data=encoder_batch,
    noise=layer_noise,
    batch_axes={"drops": 1},
    modules=MODULES,
    builders={"numpy": NumpyEncoderLayer, "pytorch_lowlevel": LowEncoderLayer, "paper": PaperEncoderLayer},
    reference_builders={"torch.nn.TransformerEncoderLayer": TorchEncoderLayer},
    inputs=("x",),
    activations=ENCODER_TRACE,
    zero_grad=frozenset({"attention.k.bias"}),
    layers=NORM_LAYERS,
    checks=(init_check("encoder_layer"),),
    mistakes=MISTAKES["encoder_layer"],
)

DECODER_LADDER = Ladder(
    paper=f"{PAPER}, section 3.1",
    sizes=LAYER_SIZES,
    data=decoder_batch,
    noise=layer_noise,
    batch_axes={"drops": 1},
    modules=MODULES,
    builders={"numpy": NumpyDecoderLayer, "pytorch_lowlevel": LowDecoderLayer, "paper": PaperDecoderLayer},
    reference_builders={"torch.nn.TransformerDecoderLayer": TorchDecoderLayer},
    inputs=("x", "memory"),
    activations=DECODER_TRACE,
    zero_grad=frozenset({"self_attention.k.bias", "cross_attention.k.bias"}),
    layers=FEED_FORWARD_LAYERS,
    checks=(init_check("decoder_layer"),),
    mistakes=MISTAKES["decoder_layer"],
)

TRANSFORMER_LADDER = Ladder(
    paper=PAPER,
    sizes=SIZES,
    data=padded_batch,
    noise=dropout_noise,
    batch_axes={"mask_encoder": 2, "mask_decoder": 2},
    terms=label_count,
    modules=MODULES,
    builders={"numpy": NumpyTransformer, "pytorch_lowlevel": LowTransformer, "paper": PaperTransformer},
    reference_builders={"torch.nn.Transformer": TorchTransformer, "transformers Marian": Marian},
    activations=TRANSFORMER_TRACE,
    schedule=schedule,
    zero_grad=frozenset(f"{name}.k.bias" for name in ATTENTIONS),
    unproved={
        "gru_paper": "the recurrent model to compare with, not part of the level",
        "translator_paper": "the configuration of a run, not part of the level",
    },
    layers=TRANSFORMER_LAYERS,
    checks=(
        Check("masks", mask_check, proof="levels"),
        Check("an empty source", empty_check, proof="levels"),
        Check("dropout", dropout_check, proof="levels"),
        Check("cache", cache_check, proof="levels"),
        Check("decoding", search_check, proof="levels"),
        Check("byte pairs", bpe_check, proof="levels"),
        init_check("transformer"),
        Check("learning rate", schedule_check, proof="training"),
        Check("parameter count", count_check),
        Check("positions", position_check),
    ),
    mistakes=MISTAKES["transformer"],
    deviations=(
        NO_ROW,
        Deviation(
            "torch.nn.Transformer adds one more normalisation after the encoder and one after the decoder.",
            "The paper's layers already end with a norm, so the reference is built without the two extra ones.",
            "check: parameter count",
        ),
        Deviation(
            "torch.nn.Transformer's layers and tensor2tensor also apply dropout to attention weights and hidden units.",
            "Section 5.4 names only the outputs of the sub-layers and the sums of embeddings and positions.",
            "07_Transformer/paper/test_transformer_paper.py::test_dropout_is_where_the_paper_has_it",
        ),
        Deviation(
            "Marian's table of positions has all sines first, then all cosines; the paper alternates them.",
            "The features are the same in another order, and nothing else depends on that order.",
            "check: positions",
        ),
        Deviation(
            "Marian scales the embeddings only with scale_embedding, which is off by default.",
            "Section 3.4 multiplies by sqrt(d_model); the loader refuses a checkpoint without it.",
            "07_Transformer/paper/test_load_transformer.py::test_other_networks_are_refused",
        ),
        Deviation(
            "Marian adds final_logits_bias to the logits.",
            "The paper's output layer is the embedding matrix alone; the loader refuses a checkpoint with such a bias.",
            "07_Transformer/paper/test_load_transformer.py::test_a_bias_on_the_logits_is_refused",
        ),
        Deviation(
            "Projections have biases, and layer normalisation has eps = 1e-5.",
            "The paper mentions neither; torch and Marian do both, and the counts of Table 3 allow it.",
            "check: parameter count",
        ),
        Deviation(
            "Matrices are initialised by Glorot's uniform rule, embeddings from N(0, 1/d).",
            "The paper does not say how weights are initialised; the authors' code does it this way.",
            "check: initialisation statistics",
        ),
        Deviation(
            "Label smoothing spreads eps over all V tokens, the right one and padding among them.",
            "Szegedy et al. 2016, section 7, and torch do the same; others spread it over the V - 1 wrong ones.",
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
            "The paper's counts of 58 and 60 million come out only this way.",
            "check: parameter count",
        ),
        Deviation(
            "Our runs warm up for 400 updates (dates), 600 (Multi30k) and 2,000 (its large model), not for 4,000.",
            "They end after 1,600 to 5,000 updates; with the paper's warm-up the learning rate would rise until the end of the"
            " shortest ones and beyond. The configurations base and big keep 4,000.",
            "07_Transformer/paper/test_train_transformer.py::test_warm_up_and_batches_are_sized_for_short_runs",
        ),
        Deviation(
            "A batch holds 1,350 tokens (dates), 4,096 (Multi30k) or 8,192 (its large model), source, target and padding"
            " counted together. The paper's has about 25,000 source and 25,000 target tokens.",
            "The paper spreads a batch over eight GPUs; a run here has one CPU core or one GPU, and a few thousand sentences"
            " would be an epoch in a handful of updates.",
            "07_Transformer/paper/test_train_transformer.py::test_warm_up_and_batches_are_sized_for_short_runs",
        ),
        Deviation(
            "Byte-pair encoding begins with the 256 bytes, and merges stay inside a word, a run of punctuation or one digit."
            " The paper's begins with characters.",
            "Any text can be encoded, so no token for unknown words is needed, and no number becomes a single token. GPT-2 made"
            " the same choice later.",
            "07_Transformer/numpy/test_bpe_numpy.py::test_bytes_write_any_character_and_digits_stay_single",
        ),
        Deviation(
            "The captions of Multi30k are lower-cased before training, and BLEU compares lower-cased text.",
            "With 29,000 captions a vocabulary of 4,000 has no room for two spellings of a word. BLEU is therefore not"
            " comparable with scores on cased text; the paper's on WMT 2014 are.",
            "07_Transformer/paper/test_translation_data.py::test_captions_are_lower_cased_on_both_sides",
        ),
    ),
    scripts=tuple(tiny_run("train_transformer", "tiny", level) for level in ("paper", "numpy")),
    overfit=Overfit(steps=40, loss=0.75, options={"lr": 0.01}),  # the entropy of the smoothed labels is 0.57
    climb=Climb(
        dataset="dates written in words to ISO 8601 (made by a seeded generator)",
        batches=date_batches,
        test=lambda: make_batch(*dates("test")),
        metric="accuracy",
        score=token_accuracy,
        sizes={"vocabulary": TOKENS, "layers": 2, "d_model": 64, "heads": 2, "d_ff": 128, "dropout": 0.0},
        steps=300,
        schedule=lambda step: 1e-3 * min(1.0, (step + 1) / 20),  # the ladder's own is made for ten steps
    ),
    bench=Bench(
        batch=lambda rng: translation_batch(rng, BENCH_LENGTHS, BENCH_LENGTHS[::-1], 1000),
        sizes={"vocabulary": 1000, "layers": 2, "d_model": 128, "heads": 2, "d_ff": 512, "dropout": 0.0},
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
