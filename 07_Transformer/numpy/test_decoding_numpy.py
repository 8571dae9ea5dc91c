from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import pytest
from decoding_numpy import beam_search, greedy, length_penalty
from logistic_numpy import log_softmax
from transformer_numpy import Transformer

BOS, EOS = 1, 2


def model_of(seed: int, vocabulary: int = 7) -> Transformer:
    rng = np.random.default_rng(seed)
    model = Transformer(vocabulary, layers=2, d_model=10, heads=2, d_ff=13, max_length=70, rng=rng)
    for p in model.params.values():
        p += rng.normal(size=p.shape) * 0.3
    return model


def source_of(seed: int, count: int = 3) -> np.ndarray:
    source = np.random.default_rng([seed, 1]).integers(3, 7, (count, 5))
    source[0, 3:] = 0
    return source


@pytest.mark.parametrize("seed", range(3))
def test_the_cache_changes_nothing(seed):
    model, source = model_of(seed), source_of(seed)
    target = np.random.default_rng(seed).integers(3, 7, (3, 11))
    target[:, 0], target[1, 8:] = BOS, 0
    whole, cache = model.forward(source, target), model.start(source)
    for t in range(11):
        np.testing.assert_allclose(model.step(target[:, t], cache), whole[:, t], rtol=1e-10, atol=1e-12)


def test_a_reordered_cache_goes_on_from_the_chosen_rows():
    model, source = model_of(0), source_of(0)
    target = np.random.default_rng(0).integers(3, 7, (3, 6))
    cache, chosen = model.start(source), np.array([2, 0, 2, 1])
    for t in range(4):
        model.step(target[:, t], cache)
    cache.reorder(chosen)
    new = np.array([3, 4, 5, 6])
    sentence = np.concatenate([target[chosen, :4], new[:, None]], axis=1)
    want = model.forward(source[chosen], sentence)[:, -1]
    np.testing.assert_allclose(model.step(new, cache), want, rtol=1e-10, atol=1e-12)


def score(model: Transformer, source: np.ndarray, tokens: tuple[int, ...], alpha: float) -> float:
    log_p = log_softmax(model.forward(source, np.array([[BOS, *tokens[:-1]]]))[0])
    return sum(log_p[i, t] for i, t in enumerate(tokens)) / length_penalty(len(tokens), alpha)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("alpha", [0.0, 0.6, 1.5])
def test_a_wide_beam_finds_the_best_of_all(seed, alpha):
    """Every hypothesis of at most three tokens, by brute force. A beam of 49 drops none of them."""
    model, source = model_of(seed), source_of(seed, 1)
    rest = [t for t in range(7) if t != EOS]
    every = [(*words, EOS) for n in range(3) for words in itertools.product(rest, repeat=n)]
    best = max(every, key=lambda tokens: score(model, source, tokens, alpha))
    assert beam_search(model, source, beam=49, alpha=alpha, max_length=3) == [list(best[:-1])]


class Drawn:
    """A model whose next token depends on all that came before: each sequence of ids draws logits of its own."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def logits(self, ids: tuple[int, ...]) -> np.ndarray:
        return 2.0 * np.random.default_rng([self.seed, *ids]).normal(size=7)

    def start(self, source: np.ndarray) -> Rows:
        return Rows([tuple(row) for row in source])

    def step(self, tokens: np.ndarray, cache: Rows) -> np.ndarray:
        cache.rows = [(*row, token) for row, token in zip(cache.rows, tokens, strict=True)]
        return np.stack([self.logits(row) for row in cache.rows])


@dataclass
class Rows:
    rows: list[tuple[int, ...]]

    def reorder(self, indices: np.ndarray) -> None:
        self.rows = [self.rows[i] for i in indices]


def by_definition(model: Drawn, source: np.ndarray, beam: int, alpha: float, max_length: int) -> list[int]:
    """Beam search of one sentence in plain lists, to the last step."""
    alive: list[tuple[float, tuple[int, ...]]] = [(0.0, ())]
    finished: list[tuple[float, tuple[int, ...]]] = []
    for length in range(1, max_length + 1):
        grown = []
        for log_p, words in alive:
            row = log_softmax(model.logits((*source, BOS, *words))[None])[0]
            grown += [(log_p + row[token], (*words, token)) for token in range(len(row))]
        grown = sorted(grown, reverse=True)[: 2 * beam]
        finished += [(log_p / length_penalty(length, alpha), words[:-1]) for log_p, words in grown if words[-1] == EOS]
        alive = [(log_p, words) for log_p, words in grown if words[-1] != EOS][:beam]
    return list(max(finished or alive)[1])


@pytest.mark.parametrize("beam", [1, 2, 4])
@pytest.mark.parametrize("alpha", [0.0, 0.6, 2.0])
def test_a_narrow_beam_is_that_of_the_definition(beam, alpha):
    for seed in range(10):
        model, source = Drawn(seed), source_of(seed)
        want = [by_definition(model, row, beam, alpha, 6) for row in source]
        assert beam_search(model, source, beam=beam, alpha=alpha, max_length=6) == want


class Certain:
    """A model that ends at once with a probability of 0.98, and counts its steps."""

    def __init__(self) -> None:
        self.steps = 0

    def start(self, source: np.ndarray) -> Certain:
        return self

    def reorder(self, indices: np.ndarray) -> None:
        pass

    def step(self, tokens: np.ndarray, cache: Certain) -> np.ndarray:
        self.steps += 1
        return np.log(np.tile([0.005, 0.005, 0.98, 0.01], (len(tokens), 1)))


def test_decoding_stops_when_nothing_better_can_come():
    for decode in (
        lambda model: greedy(model, source_of(0), 50),
        lambda model: beam_search(model, source_of(0), max_length=50),
    ):
        model = Certain()
        assert decode(model) == [[], [], []] and model.steps == 1


def test_sentences_of_a_batch_do_not_disturb_one_another():
    model, source = model_of(3), source_of(3)
    source[0, 3:] = 4
    together = beam_search(model, source, beam=3, max_length=8)
    assert together == [beam_search(model, row[None], beam=3, max_length=8)[0] for row in source]


def test_the_penalty_prefers_longer_hypotheses():
    assert length_penalty(1, 0.6) == 1.0 and length_penalty(7, 1.0) == 2.0 and length_penalty(7, 0.0) == 1.0
    lengths = []
    for alpha in (0.0, 1.0, 3.0):
        found = [beam_search(model_of(s), source_of(s), alpha=alpha, max_length=9) for s in range(4)]
        lengths.append(np.mean([len(ids) for rows in found for ids in rows]))
    assert lengths[0] <= lengths[1] <= lengths[2] and lengths[0] < lengths[2]


def test_work_is_linear_in_the_length():
    """With the cache one row a token passes through the feed-forward network; without it, all that came before again."""
    model, source = model_of(0), source_of(0, 1)
    rows = 0
    forward = model.decoder[0].feed_forward.forward

    def counted(x):
        nonlocal rows
        rows += x.shape[1]
        return forward(x)

    model.decoder[0].feed_forward.forward = counted
    counts = {}
    for length in (16, 32, 64):
        rows, cache = 0, model.start(source)
        for _ in range(length):
            model.step(np.array([3]), cache)
        counts[length] = rows
    assert counts == {16: 16, 32: 32, 64: 64}
    rows = 0
    for t in range(1, 33):
        model.forward(source, np.full((1, t), 3))
    assert rows == 32 * 33 // 2


def test_what_is_refused():
    model, source = model_of(0), source_of(0)
    for options in ({"beam": 0, "max_length": 5}, {"beam": 2, "max_length": 0}):
        with pytest.raises(ValueError, match="at least 1"):
            beam_search(model, source, **options)
    with pytest.raises(ValueError, match="alpha of at least 0, got -1"):
        beam_search(model, source, alpha=-1, max_length=5)
    assert greedy(model, source, 0) == [[], [], []]
    with pytest.raises(ValueError, match="table for 70 tokens, got a sentence of 71"):
        greedy(model, np.full((1, 71), 3), 1)
