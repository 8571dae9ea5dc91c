"""Decoding and byte-pair encoding: with a cache as without one, a beam as its definition says, tokens as the library's.

Each is a function (load, generator) -> findings, declared in `../ladder.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from transformer_checks import ladder, logits_of
from transformer_levels import BOS, EOS, VOCABULARY, translation_batch

from utils.ladder import Load, Params
from utils.parity.compare import compare
from utils.parity.finding import Finding, failed, passed

LONGEST = 8
BEAMS = ((1, 0.0), (2, 2.0), (4, 0.6))  # width and alpha
ARRAYS: dict[str, Callable[[Any], Any]] = {"numpy": np.asarray, "paper": torch.tensor}  # of the levels that decode
Following = Callable[[np.ndarray, list[tuple[int, ...]]], np.ndarray]
"""What follows: a source (S,), and the words of N sentences so far, give the next token's logits (N, V)."""

Decoded = tuple[list[list[int]], dict[tuple[int, float], list[list[int]]]]
"""The sentences that come out greedily, and for each of `BEAMS`."""


def same(what: str, got: Any, want: Any) -> Finding:
    return passed(what) if got == want else failed(what, f"gives {got}, expected {want}")


# ---- decoding ----


def drawn(source: np.ndarray, prefixes: list[tuple[int, ...]]) -> np.ndarray:
    """Each sequence of ids draws logits of its own, so that sentences end early, late, or not at all."""
    return np.stack([2.0 * np.random.default_rng([*source, *words]).normal(size=7) for words in prefixes])


class Drawn:
    """A model of which `drawn` says what follows. It is its own cache, and remembers the words of every row."""

    def __init__(self, array: Callable[[Any], Any]) -> None:
        self.array = array

    def start(self, source: Any) -> Drawn:
        self.rows: list[tuple[np.ndarray, tuple[int, ...]]] = [(np.asarray(row), ()) for row in source]
        return self

    def step(self, tokens: Any, cache: Drawn) -> Any:
        self.rows = [(source, (*words, int(t))) for (source, words), t in zip(self.rows, tokens, strict=True)]
        return self.array(np.concatenate([drawn(source, [words[1:]]) for source, words in self.rows]))  # without BOS

    def reorder(self, indices: Any) -> None:
        self.rows = [self.rows[i] for i in indices]


def greedy_by_definition(following: Following, source: np.ndarray) -> list[int]:
    words: tuple[int, ...] = ()
    while len(words) < LONGEST and (token := int(following(source, [words])[0].argmax())) != EOS:
        words = (*words, token)
    return list(words)


def beam_by_definition(following: Following, source: np.ndarray, beam: int, alpha: float) -> list[int]:
    """Beam search of one sentence in plain lists, to the last step."""
    alive: list[tuple[float, tuple[int, ...]]] = [(0.0, ())]
    finished: list[tuple[float, tuple[int, ...]]] = []
    for length in range(1, LONGEST + 1):
        log_p = torch.tensor(following(source, [words for _, words in alive])).log_softmax(dim=1).tolist()
        grown = [
            (total + p, (*words, token))
            for (total, words), row in zip(alive, log_p, strict=True)
            for token, p in enumerate(row)
        ]
        grown = sorted(grown, reverse=True)[: 2 * beam]
        penalty = ((5 + length) / 6) ** alpha
        finished += [(total / penalty, words[:-1]) for total, words in grown if words[-1] == EOS]
        alive = [(total, words) for total, words in grown if words[-1] != EOS][:beam]
    return list(max(finished or alive)[1])


@cache  # the same for every planted mistake
def decoded_by_definition(seed: int) -> tuple[Params, np.ndarray, dict[str, Decoded]]:
    """Parameters, sources, and what both models make of them: greedily, and by (beam, alpha)."""
    rng = np.random.default_rng(seed)
    params = ladder().random_params(rng)
    logits = logits_of(ladder().levels["paper"], params)
    source = translation_batch(rng, (7, 4, 0, 6), (1, 1, 1, 1), VOCABULARY)["source"]

    def transformer(source: np.ndarray, prefixes: list[tuple[int, ...]]) -> np.ndarray:
        return logits(np.tile(source, (len(prefixes), 1)), np.array([(BOS, *words) for words in prefixes]))[:, -1]

    wanted = {}
    for name, following in {"Transformer": transformer, "drawn": drawn}.items():
        greedy = [greedy_by_definition(following, row) for row in source]
        beams = {options: [beam_by_definition(following, row, *options) for row in source] for options in BEAMS}
        wanted[name] = greedy, beams
    return params, source, wanted


def search_check(load: Load, rng: np.random.Generator) -> list[Finding]:
    """Greedy decoding and beam search as by definition, without a cache: of a Transformer, and of a model that draws."""
    params, source, wanted = decoded_by_definition(int(rng.integers(2**63)))
    findings = []
    for name, (greedy, beams) in wanted.items():
        for level, array in ARRAYS.items():
            implementation: Any = ladder().level(level, load=load)
            model = Drawn(array) if name == "drawn" else implementation.model(params)
            decode = load(f"decoding_{level}")
            findings.append(same(f"{level}, {name}, greedy", decode.greedy(model, array(source), LONGEST), greedy))
            for (beam, alpha), want in beams.items():
                got = decode.beam_search(model, array(source), beam=beam, alpha=alpha, max_length=LONGEST)
                findings.append(same(f"{level}, {name}, beam {beam}, alpha {alpha}", got, want))
    penalties = {level: load(f"decoding_{level}").length_penalty(13, 0.5) for level in ARRAYS}
    return [*findings, *(compare(f"{level}, length penalty", got, 3.0**0.5) for level, got in penalties.items())]


def cache_check(load: Load, rng: np.random.Generator) -> list[Finding]:
    """Step by step with the cache as at once without it, also after rows are chosen, copied and dropped."""
    params = ladder().random_params(rng)
    logits = logits_of(ladder().levels["paper"], params)
    batch = translation_batch(rng, (7, 4, 0), (6, 9, 7), VOCABULARY)
    source, target = batch["source"], batch["target"]
    chosen, new = np.array([2, 0, 2]), np.array([3, 4, 5])
    whole = logits(source, target)
    after = logits(source[chosen], np.concatenate([target[chosen], new[:, None]], axis=1))[:, -1]
    findings = []
    for level, array in ARRAYS.items():
        implementation: Any = ladder().level(level, load=load)
        model = implementation.model(params)
        with torch.no_grad():
            cache = model.start(array(source))
            for t, words in enumerate(target.T):
                got = np.asarray(model.step(array(words), cache))
                findings.append(compare(f"{level}, cached position {t}", got, whole[:, t]))
            cache.reorder(array(chosen))
            got = np.asarray(model.step(array(new), cache))
        findings.append(compare(f"{level}, other rows of the cache", got, after))
    return findings


# ---- byte-pair encoding ----


def library(texts: Iterable[str], size: int, piece: str) -> Any:
    """The tokenizers library, told to do what we do: our pieces, its byte-level alphabet, its trainer."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

    theirs = Tokenizer(models.BPE())
    split = pre_tokenizers.Split(Regex(piece), "isolated")
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    theirs.pre_tokenizer = pre_tokenizers.Sequence([split, byte_level])
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=["<pad>", "<bos>", "<eos>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    theirs.train_from_iterator(texts, trainer)
    return theirs


def merges_of(theirs: Any) -> list[tuple[int, int]]:
    model = json.loads(theirs.to_str())["model"]
    return [(model["vocab"][a], model["vocab"][b]) for a, b in model["merges"]]


def bpe_check(load: Load, rng: np.random.Generator) -> list[Finding]:
    """The library learns the same merges from the same text, many pairs of which are equally frequent, and gives the same
    ids. A text comes back from its ids, and an encoder from its file."""
    bpe, size = load("bpe_numpy"), 290
    texts = ["".join(rng.choice(list("aab  .,17\né🙂"), 30)) for _ in range(20)]
    ours, theirs = bpe.BytePairEncoder.train(texts[:15], size), library(texts[:15], size, bpe.PIECE)
    dates = bpe.BytePairEncoder.train(["in 1997 and in 1997, 1997"], 300)
    findings = [
        same("size of the vocabulary", len(ours), theirs.get_vocab_size()),
        same("merges", ours.merges, merges_of(theirs)),
        same("single digits", [dates.show(id_) for id_ in dates.encode("in 1997")], ["in", " 1", "9", "9", "7"]),
        same("special tokens", [ours.show(id_) for id_ in range(3)], ["<pad>", "<bos>", "<eos>"]),
        same("merges by hand", bpe.BytePairEncoder.train(["abcabc ab"], 261).merges, [(67, 68), (259, 69)]),
    ]
    for i, text in enumerate(texts):
        ids = ours.encode(text)
        findings += [same(f"ids of text {i}", ids, theirs.encode(text).ids), same(f"text {i}", ours.decode(ids), text)]
    with TemporaryDirectory() as folder:
        ours.save(Path(folder, "merges.json"))
        again = bpe.BytePairEncoder.load(Path(folder, "merges.json"))
    return [*findings, same("after saving", (again.merges, again.tokens), (ours.merges, ours.tokens))]
