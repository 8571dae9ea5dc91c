"""The chapter's own proofs: masks, decoding, initialisation, the learning rate, the counts of Table 3, positions.

Each is a function (modules by level, generator) -> findings, declared in `../ladder.py`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from types import ModuleType
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from load_transformer import marian_order
from torch import nn
from transformer_levels import HEADS, default_dtype, sizes_of, translation_batch
from transformer_paper import BOS, EOS, PAD
from transformer_references import marian

from utils.ladder import Ladder, Params, load_ladders
from utils.parity.compare import compare
from utils.parity.finding import Finding, failed, passed
from utils.proofs import near

Modules = Mapping[str, ModuleType]
LENGTHS = (7, 4, 5)  # of the source sentences


def ladder() -> Ladder:
    return load_ladders("07")["transformer"]


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
    """Every count of Table 3 with one shared embedding of 41,000 rows, big with 36,000; the references' counts at 37,000."""
    paper = modules["paper"]
    findings = []
    for row, (options, millions) in TABLE_3.items():
        got = count_of(paper, 41_000, **options) / 1e6
        good = abs(got - millions) < 1.0
        message = f"{got:.1f} million, the paper has {millions}"
        findings.append(passed(f"Table 3, {row}") if good else failed(f"Table 3, {row}", message))
    big = {"d_model": 1024, "heads": 16, "d_ff": 4096}
    findings.append(compare("Table 3, base, 41,000 ids, millions", round(count_of(paper, 41_000) / 1e6), 65))
    findings.append(compare("Table 3, big, 36,000 ids, millions", round(count_of(paper, 36_000, **big) / 1e6), 213))
    findings.append(compare("base, 37,000 ids", count_of(paper, 37_000), BODY + 37_000 * 512))
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
    ours = modules["paper"].sinusoids(64, 8).numpy()
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


def small_options(params: Params) -> dict[str, Any]:
    return sizes_of(params, HEADS) | {"max_length": 64}


def levels_of(modules: Modules, params: Params) -> dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]]:
    """Logits of source and target ids at every level, in evaluation."""
    tensors = {name: torch.tensor(p) for name, p in params.items()}
    sizes = small_options(params)
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
        model = module.Transformer(**small_options(params), dropout=0.0)
    model.load_state_dict({name: torch.tensor(p) for name, p in params.items()})
    return model.eval()


def mask_check(modules: Modules, rng: np.random.Generator) -> list[Finding]:
    """What may not be seen changes nothing: later target tokens, and what stands in the batch beside a sentence."""
    params = ladder().init(rng)
    batch = translation_batch(rng, LENGTHS, (6, 9, 7), len(params["embedding.weight"]))
    findings = []
    for level, logits in levels_of(modules, params).items():
        source, target = batch["source"], batch["target"]
        whole = logits(source, target)
        changed = target.copy()
        changed[:, 5:] = np.where(
            changed[:, 5:] == PAD, PAD, 3 + (changed[:, 5:] - 2) % (len(params["embedding.weight"]) - 3)
        )
        findings.append(compare(f"{level}, before a changed token", logits(source, changed)[:, :5], whole[:, :5]))
        alone = logits(source[1:2, :4], target[1:2])
        findings.append(compare(f"{level}, a padded sentence alone", alone[0], whole[1]))
    return findings


def empty_check(modules: Modules, rng: np.random.Generator) -> list[Finding]:
    """A source of nothing but padding: attention to it gives 0, so all is finite, and equal at every level."""
    params = ladder().init(rng)
    batch = translation_batch(rng, (7, 0, 5), (6, 9, 7), len(params["embedding.weight"]))
    logits = {name: level(batch["source"], batch["target"]) for name, level in levels_of(modules, params).items()}
    reference = ladder().references["torch.nn.Transformer"].run(params, batch, training=False)
    findings = [compare(f"{n} logits", logits[n], logits["paper"]) for n in ("numpy", "pytorch_lowlevel")]
    findings.append(compare("torch.nn.Transformer logits", reference.outputs["logits"], logits["paper"]))
    for name, level in {n: ladder().builders[n](m) for n, m in modules.items()}.items():
        grads = level.run(params, batch, training=False).grads
        for key, value in reference.grads.items():
            findings.append(compare(f"{name} gradient {key}", grads[key], value, may_be_zero=True))
    return findings


def decoding_check(modules: Modules, rng: np.random.Generator) -> list[Finding]:
    """Step by step with the cache as at once without it; the same translations at both levels that decode."""
    decode_numpy, decode_paper = (importlib.import_module(f"decoding_{level}") for level in ("numpy", "paper"))
    params = ladder().init(rng)
    params["embedding.weight"] *= 1.5  # likelier tokens, and so hypotheses that end
    net = modules["numpy"].Transformer(**small_options(params), rng=rng)
    net.load(params)
    model = paper_model(modules["paper"], params)
    batch = translation_batch(rng, (7, 4, 0), (6, 9, 7), len(params["embedding.weight"]))
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
    pairs = {"greedy": (decode_numpy.greedy(net, source, 8), decode_paper.greedy(model, tokens, 8))}
    for beam, alpha in ((3, 0.0), (4, 0.6)):
        options: dict[str, Any] = {"beam": beam, "alpha": alpha, "max_length": 8}
        both = decode_numpy.beam_search(net, source, **options), decode_paper.beam_search(model, tokens, **options)
        pairs[f"beam {beam}, alpha {alpha}"] = both
    for what, (got, want) in pairs.items():
        findings.append(passed(what) if got == want else failed(what, f"numpy gives {got}, paper {want}"))
    plain = without_cache(net, source, 8)
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
