"""Decoding and byte-pair encoding: with a cache as without one, a beam as its definition says, tokens as the library's.

Each is a function (load, generator) -> findings, declared in `../ladder.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from transformer_checks import Logits, ladder, logits_of
from transformer_levels import BOS, EOS, VOCABULARY, translation_batch

from utils.ladder import Load
from utils.parity.compare import compare
from utils.parity.finding import Finding, failed, passed

LONGEST = 8


def same(what: str, got: Any, want: Any) -> Finding:
    return passed(what) if got == want else failed(what, f"gives {got}, expected {want}")


# ---- decoding ----


def greedy_without_cache(logits: Logits, source: np.ndarray) -> list[list[int]]:
    """The whole model again for every token."""
    target = np.full((len(source), 1), BOS)
    for _ in range(LONGEST):
        target = np.concatenate([target, logits(source, target)[:, -1].argmax(1)[:, None]], axis=1)
    rows = target[:, 1:].tolist()
    return [row[: row.index(EOS)] if EOS in row else row for row in rows]


def beam_by_definition(logits: Logits, source: np.ndarray, beam: int, alpha: float) -> list[int]:
    """Beam search of one sentence (S,) in plain lists, to the last step and without a cache."""
    alive: list[tuple[float, tuple[int, ...]]] = [(0.0, ())]
    finished: list[tuple[float, tuple[int, ...]]] = []
    for length in range(1, LONGEST + 1):
        targets = np.array([(BOS, *words) for _, words in alive])
        rows = torch.tensor(logits(np.tile(source, (len(alive), 1)), targets)[:, -1]).log_softmax(dim=1).tolist()
        grown = [
            (total + log_p, (*words, token))
            for (total, words), row in zip(alive, rows, strict=True)
            for token, log_p in enumerate(row)
        ]
        grown = sorted(grown, reverse=True)[: 2 * beam]
        penalty = ((5 + length) / 6) ** alpha
        finished += [(total / penalty, words[:-1]) for total, words in grown if words[-1] == EOS]
        alive = [(total, words) for total, words in grown if words[-1] != EOS][:beam]
    return list(max(finished or alive)[1])


def decoding_check(load: Load, rng: np.random.Generator) -> list[Finding]:
    """Step by step with the cache as at once without it, also after rows are chosen, copied and dropped; greedy decoding
    and beam search as by definition, on whole passes through the paper level."""
    params = ladder().random_params(rng)
    logits = logits_of(ladder().levels["paper"], params)
    batch = translation_batch(rng, (7, 4, 0), (6, 9, 7), VOCABULARY)
    source, target = batch["source"], batch["target"]
    whole, chosen, new = logits(source, target), np.array([2, 0, 2]), np.array([[3], [4], [5]])
    after = logits(source[chosen], np.concatenate([target[chosen], new], axis=1))[:, -1]
    greedy = greedy_without_cache(logits, source)
    beams = {
        (beam, alpha): [beam_by_definition(logits, row, beam, alpha) for row in source]
        for beam, alpha in ((1, 0.0), (3, 0.0), (4, 0.6))
    }
    findings = []
    for level, array in (("numpy", np.asarray), ("paper", torch.tensor)):
        model: Any = ladder().level(level, load=load).model(params)
        decode = load("decoding_numpy" if level == "numpy" else "decoding_paper")
        with torch.no_grad():
            cache = model.start(array(source))
            for t in range(target.shape[1]):
                got = np.asarray(model.step(array(target[:, t]), cache))
                findings.append(compare(f"{level}, cached position {t}", got, whole[:, t]))
            cache.reorder(array(chosen))
            got = np.asarray(model.step(array(new[:, 0]), cache))
        findings.append(compare(f"{level}, other rows of the cache", got, after))
        findings.append(same(f"{level}, greedy", decode.greedy(model, array(source), LONGEST), greedy))
        for (beam, alpha), want in beams.items():
            got = decode.beam_search(model, array(source), beam=beam, alpha=alpha, max_length=LONGEST)
            findings.append(same(f"{level}, beam {beam}, alpha {alpha}", got, want))
        findings.append(compare(f"{level}, length penalty", decode.length_penalty(13, 0.5), 3.0**0.5))
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
