"""The chapter's own proofs: attention, masks, dropout, initialisation, the learning rate, the counts of Table 3, positions.
What a translation needs besides, decoding and tokens, is in `translation_checks.py`.

Each is a function (load, generator) -> findings, declared in `../ladder.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from types import ModuleType
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from load_transformer import marian_order
from torch import nn
from torch.nn import functional as F
from transformer_layers import torch_multi_head
from transformer_levels import (
    DROPOUT,
    HEADS,
    LAYERS,
    PAD,
    VOCABULARY,
    attention_batch,
    dropout_noise,
    padded_batch,
    translation_batch,
)
from transformer_references import marian

from utils.ladder import Check, Ladder, Level, Load, Params, load_ladders
from utils.levels.arrays import to_torch
from utils.parity.cases import near
from utils.parity.compare import compare, compare_all
from utils.parity.draws import random_like
from utils.parity.finding import Finding, failed, passed

Logits = Callable[[np.ndarray, np.ndarray], np.ndarray]


def ladder(name: str = "transformer") -> Ladder:
    return load_ladders("07")[name]


def logits_of(level: Level, params: Params) -> Logits:
    """What gives the logits of source and target ids, in evaluation mode."""
    trainer = level.start(params)
    return lambda source, target: trainer.predict({"source": source, "target": target})["logits"]


# ---- attention ----


def attention_check(load: Load, rng: np.random.Generator) -> list[Finding]:
    """Keys of another width than values at every level, and the weights that can be looked at, against torch."""
    attention, d_k = ladder("attention"), 3
    levels: dict[str, Any] = {name: attention.level(name, load=load, d_k=d_k) for name in attention.builders}
    params, batch = random_like(levels["paper"].fresh(rng), rng), attention_batch(rng)
    p, x, memory, mask = to_torch(params), *(torch.tensor(batch[name]) for name in ("x", "memory", "mask"))
    want = torch_multi_head(p, x, memory, mask, heads=HEADS).numpy()
    findings = []
    for name, level in levels.items():
        got = level.run(params, batch, training=False).outputs["output"]
        findings.append(compare(f"{name}, d_k {d_k}", got, want))
        findings.append(compare(f"{name}, rows of its own keys", len(level.fresh(rng)["k.weight"]), HEADS * d_k))
    q, k = (F.linear(rows, p[f"{n}.weight"], p[f"{n}.bias"]) for n, rows in (("q", x), ("k", memory)))
    q, k = (rows.unflatten(2, (HEADS, d_k)).transpose(1, 2) for rows in (q, k))  # (B, H, T, d_k), (B, H, S, d_k)
    scores = (q @ k.mT / d_k**0.5).masked_fill(~mask, -torch.inf)
    weights = scores.softmax(dim=-1).nan_to_num(0.0).numpy()
    net = levels["numpy"].model(params)
    net.forward(batch["x"], batch["memory"], batch["mask"])
    findings.append(compare("numpy weights", net.weights, weights))
    with torch.no_grad():
        seen = levels["paper"].model(params).weights(x, memory, mask).numpy()
    return [*findings, compare("paper weights", seen, weights)]


def online_softmax_check(load: Load, rng: np.random.Generator) -> list[Finding]:
    """In blocks that divide the row and in blocks that do not, with hidden scores and rows of nothing else."""
    x = rng.normal(size=(3, 5, 12)) * 30.0
    x[rng.random(x.shape) < 0.4], x[1, 2] = -np.inf, -np.inf
    want = torch.softmax(torch.tensor(x), dim=-1).nan_to_num(0.0).numpy()
    online_softmax = load("online_softmax_numpy").online_softmax
    return [compare(f"blocks of {block}", online_softmax(x, block), want) for block in (1, 4, 5, 12, 20)]


# ---- masks and dropout ----


def mask_check(load: Load, rng: np.random.Generator) -> list[Finding]:
    """What may not be seen changes nothing: later target tokens, and what is in the batch beside a sentence."""
    batch = translation_batch(rng, (7, 4, 5), (6, 9, 7), VOCABULARY)
    source, target = batch["source"], batch["target"]
    changed = target.copy()
    changed[:, 5:] = np.where(target[:, 5:] == PAD, PAD, 3 + (target[:, 5:] - 2) % (VOCABULARY - 3))
    params, findings = ladder().random_params(rng), []
    for level in ladder().builders:
        logits = logits_of(ladder().level(level, load=load), params)
        whole = logits(source, target)
        findings.append(compare(f"{level}, before a changed token", logits(source, changed)[:, :5], whole[:, :5]))
        alone = logits(source[1:2, :4], target[1:2])
        findings.append(compare(f"{level}, a padded sentence alone", alone[0], whole[1]))
    return findings


def empty_check(load: Load, rng: np.random.Generator) -> list[Finding]:
    """A source of nothing but padding: attention to it gives 0, so all is finite, and equal to torch's at every level."""
    params = ladder().random_params(rng)
    batch = translation_batch(rng, (7, 0, 5), (6, 9, 7), VOCABULARY)
    want = ladder().references["torch.nn.Transformer"].run(params, batch, training=False)
    findings = []
    for name in ladder().builders:
        got = ladder().level(name, load=load).run(params, batch, training=False)
        findings.append(compare(f"{name} logits", got.outputs["logits"], want.outputs["logits"]))
        findings += compare_all(f"{name} gradient", got.grads, want.grads, may_be_zero=True)
    return findings


def dropout_check(load: Load, rng: np.random.Generator) -> list[Finding]:
    """The NumPy level draws masks as the levels are given them; the paper level's module draws its own."""
    batch, sizes = padded_batch(rng), {"layers": LAYERS, "d_model": 300, "dropout": DROPOUT}
    shapes = {name: mask.shape for name, mask in dropout_noise(rng, batch, **sizes).items()}
    draw = load("transformer_numpy").dropout_masks
    masks = draw(LAYERS, batch["source"].shape, batch["target"].shape, 300, DROPOUT, rng=rng)
    found = {f"mask_{name}": mask.shape for name, mask in masks.items()}
    findings = [passed("numpy shapes") if found == shapes else failed("numpy shapes", f"{found}, expected {shapes}")]
    findings += of_a_mask("numpy", np.concatenate([mask.ravel() for mask in masks.values()]), DROPOUT)

    dropout, x, seed = load("transformer_paper").Dropout, torch.tensor(rng.normal(size=(400, 300))), 7
    drawn = dropout(0.4, torch.Generator().manual_seed(seed)).train()(torch.ones_like(x))
    with torch.random.fork_rng(devices=[]):
        torch.random.manual_seed(seed)
        theirs = nn.Dropout(0.4)(x).numpy()
        torch.random.manual_seed(seed)
        ours = dropout(0.4, None).train()(x).numpy()
    return [
        *findings,
        *of_a_mask("paper", drawn.numpy(), 0.4),
        compare("paper, torch's own stream", ours, theirs),
        compare("paper, evaluation", dropout(0.4, None).eval()(x).numpy(), x.numpy().copy()),
    ]


def of_a_mask(what: str, mask: np.ndarray, p: float) -> list[Finding]:
    return [
        near(f"{what} mean", float(mask.mean()), 1.0, 0.02),
        near(f"{what} share of dropped units", float((mask == 0).mean()), p, 0.02),
        compare(f"{what} kept unit", mask.max(), 1.0 / (1.0 - p)),
    ]


# ---- initialisation and the learning rate ----

LARGE: dict[str, Any] = {"vocabulary": 1000, "layers": 2, "d_model": 40, "heads": 4, "d_ff": 90}


def init_check(name: str) -> Check:
    """Glorot's bound for matrices, N(0, 1/d) for the embedding, biases 0, scales 1, at every level of a ladder."""

    def run(load: Load, rng: np.random.Generator) -> list[Finding]:
        sizes = {size: value for size, value in LARGE.items() if size in ladder(name).sizes}
        return [
            finding
            for level in ladder(name).builders
            for key, p in ladder(name).level(level, load=load, **sizes).fresh(rng).items()
            for finding in by_the_rule(f"{level} {key}", p)
        ]

    return Check("initialisation statistics", run, proof="levels")


def by_the_rule(what: str, p: np.ndarray) -> list[Finding]:
    if what.endswith("embedding.weight"):
        return [near(f"{what} standard deviation", float(p.std()), p.shape[1] ** -0.5, 0.03)]
    if p.ndim == 2:
        bound = float(np.sqrt(6.0 / sum(p.shape)))
        return [
            near(f"{what} largest", float(np.abs(p).max()), bound, 0.02),
            near(f"{what} standard deviation", float(p.std()), bound / 3.0**0.5, 0.08),
        ]
    return [compare(what, p, np.full(p.shape, float(what.endswith("weight"))), may_be_zero=True)]


def schedule_check(load: Load, rng: np.random.Generator) -> list[Finding]:
    """Equation 3 by hand: the peak at the end of the warm-up, half of it in its middle and at four times its length."""
    modules = {"numpy": "schedule_numpy", "pytorch_lowlevel": "transformer_lowlevel", "paper": "recipe_paper"}
    peak = 1.0 / np.sqrt(512 * 4000)  # 6.99e-4
    return [
        compare(f"{level}, step {step}", load(module).transformer_schedule(step, 512, 4000), want, rtol=1e-12)
        for level, module in modules.items()
        for step, want in ((1, peak / 4000), (2000, peak / 2), (4000, peak), (16_000, peak / 2))
    ]


# ---- counts and positions ----

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


def count(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters() if p.requires_grad)


@cache
def shared_counts() -> dict[str, int]:
    """What the references count: torch.nn.Transformer's body without its two final norms, Marian's at 37,000 ids."""
    with shapes_only():
        return {
            "torch": count(nn.Transformer(batch_first=True)) - 4 * 512,
            "Marian": count(marian(37_000, 6, 512, 8, 2048)),
        }


@cache
def counts_of_table_3(paper: ModuleType) -> dict[str, int]:
    """Every row with 41,000 rows of the embedding."""
    with shapes_only():
        return {row: count(paper.Transformer(41_000, max_length=2, **changes)) for row, (changes, _) in TABLE_3.items()}


def count_check(load: Load, rng: np.random.Generator) -> list[Finding]:
    """Every count of Table 3 with one shared embedding of 41,000 rows, big with 36,000; the references' counts at 37,000."""
    paper, small, findings = (
        load("transformer_paper"),
        {"layers": 2, "d_model": 12, "heads": 3, "d_ff": 7, "d_k": 5},
        [],
    )
    rows = counts_of_table_3(paper)
    for row, (_, millions) in TABLE_3.items():
        what, got = f"Table 3, {row}", rows[row] / 1e6
        good = abs(got - millions) < 1.0
        findings.append(passed(what) if good else failed(what, f"{got:.1f} million, the paper has {millions}"))
    with shapes_only():
        base, big, smaller = count(paper.base(37_000)), count(paper.big(37_000)), count(paper.big(36_000))
        narrow = count(paper.Transformer(11, **small))
    ours = load("transformer_numpy").Transformer(11, **small, max_length=2, rng=rng).params
    for what, got, want in (
        ("Table 3, base, 41,000 ids, millions", round(rows["base"] / 1e6), 65),
        ("Table 3, big, 36,000 ids, millions", round(smaller / 1e6), 213),
        ("base, 37,000 ids", base, BODY + 37_000 * 512),
        ("big, 37,000 ids", big, BIG_BODY + 37_000 * 1024),
        ("torch.nn.Transformer's body", shared_counts()["torch"], BODY),
        ("Marian, 37,000 ids", shared_counts()["Marian"], BODY + 37_000 * 512),
        ("numpy, small", sum(p.size for p in ours.values()), narrow),
    ):
        findings.append(compare(what, got, want))
    return findings


@cache
def marian_table(length: int, d_model: int) -> np.ndarray:
    module: Any = marian(5, 2, d_model, 2, 7, length).get_submodule("model.encoder.embed_positions")
    return module.create_weight().numpy()


def position_check(load: Load, rng: np.random.Generator) -> list[Finding]:
    """The table by the paper's formula one number at a time; a shift is a rotation; Marian's has the same columns. A
    learned table of the same numbers gives the same logits."""
    by_hand = np.empty((64, 8))
    for pos in range(64):
        for i in range(4):
            angle = pos / 10000 ** (2 * i / 8)
            by_hand[pos, 2 * i], by_hand[pos, 2 * i + 1] = np.sin(angle), np.cos(angle)
    tables = {
        "numpy": load("embedding_numpy").sinusoids(64, 8),
        "pytorch_lowlevel": load("transformer_lowlevel").sinusoids(64, 8).numpy(),
        "paper": load("transformer_paper").sinusoids(64, 8).numpy(),
    }
    findings = [compare(f"{level} table", table, by_hand) for level, table in tables.items()]
    shift, rates, ours = 5, 10000.0 ** (-np.arange(4) / 4), tables["paper"]
    sin, cos = ours[:-shift, 0::2], ours[:-shift, 1::2]
    turned = sin * np.cos(shift * rates) + cos * np.sin(shift * rates)
    findings.append(compare("PE(pos + 5) as a rotation of PE(pos)", ours[shift:, 0::2], turned, rtol=1e-9, atol=1e-9))
    theirs = marian_table(64, 8)
    findings.append(compare("Marian's table in its order", theirs, ours[:, marian_order(8)], rtol=0, atol=1e-6))

    params, batch = ladder().random_params(rng), padded_batch(rng)
    learned = ladder().level("paper", load=load, learned_positions=True, max_length=64)
    fixed = load("transformer_paper").sinusoids(64, ladder().sizes["d_model"]).numpy()
    got = learned.run(params | {"positions": fixed}, batch, training=False).outputs["logits"]
    want = ladder().levels["paper"].run(params, batch, training=False).outputs["logits"]
    return [*findings, compare("learned positions", got, want)]
