from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch
from decoding_numpy import beam_search as numpy_beam_search
from decoding_paper import beam_search, greedy, length_penalty
from transformer_paper import BOS, EOS, Transformer


def model_of(seed: int) -> Transformer:
    g = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        model = Transformer(7, layers=1, d_model=10, heads=2, d_ff=13, max_length=20, generator=g)
    with torch.no_grad():
        for p in model.parameters():
            p += torch.randn(p.shape, generator=g) * 0.3
    return model.double().eval()


SOURCE = torch.tensor([[3, 4, 5, 6], [6, 3, 0, 0]])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("alpha", [0.0, 0.6])
def test_a_wide_beam_finds_the_best_of_all(seed, alpha):
    model = model_of(seed)
    rest = [t for t in range(7) if t != EOS]

    def score(row: torch.Tensor, tokens: tuple[int, ...]) -> float:
        with torch.no_grad():
            log_p = model(row[None], torch.tensor([[BOS, *tokens[:-1]]])).log_softmax(-1)[0]
        return float(sum(log_p[i, t] for i, t in enumerate(tokens))) / length_penalty(len(tokens), alpha)

    every = [(*words, EOS) for n in range(2) for words in itertools.product(rest, repeat=n)]
    want = [list(max(every, key=lambda tokens, row=row: score(row, tokens))[:-1]) for row in SOURCE]
    assert beam_search(model, SOURCE, beam=7, alpha=alpha, max_length=2) == want


class Scripted:
    """A model that says what it is told, whatever the source is: `start` and `step` are all that decoding needs."""

    def __init__(self, table: dict[tuple[int, ...], dict[int, float]], vocabulary: int = 5) -> None:
        self.table, self.vocabulary, self.steps = table, vocabulary, 0

    def start(self, source: torch.Tensor) -> Any:
        return _Prefixes(len(source))

    def step(self, tokens: torch.Tensor, cache: Any) -> torch.Tensor:
        self.steps += 1
        cache.rows = [(*row, int(t)) for row, t in zip(cache.rows, tokens, strict=True)]
        logits = torch.full((len(tokens), self.vocabulary), -torch.inf)
        for i, row in enumerate(cache.rows):
            for token, p in self.table.get(row[1:], {EOS: 1.0}).items():
                logits[i, token] = torch.tensor(p).log()
        return logits


class _Prefixes:
    def __init__(self, count: int) -> None:
        self.rows: list[tuple[int, ...]] = [()] * count

    def reorder(self, indices: torch.Tensor) -> None:
        self.rows = [self.rows[i] for i in indices.tolist()]


class Drawn(Scripted):
    """A model whose next token depends on all that came before: each sequence of ids draws logits of its own."""

    def __init__(self, seed: int) -> None:
        super().__init__({})
        self.seed = seed

    def step(self, tokens: torch.Tensor, cache: Any) -> torch.Tensor:
        super().step(tokens, cache)
        return torch.stack([2.0 * torch.randn(7, generator=self.stream(row)) for row in cache.rows])

    def stream(self, row: tuple[int, ...]) -> torch.Generator:
        return torch.Generator().manual_seed(int(np.random.default_rng([self.seed, *row]).integers(2**31)))


class OnArrays(Drawn):
    def step(self, tokens: Any, cache: Any) -> Any:
        return super().step(torch.tensor(tokens), cache).numpy()


@pytest.mark.parametrize("beam", [1, 2, 4])
@pytest.mark.parametrize("alpha", [0.0, 0.6, 2.0])
def test_a_narrow_beam_is_that_of_the_numpy_level(beam, alpha):
    """Which is compared with the definition."""
    for seed in range(10):
        options: dict[str, Any] = {"beam": beam, "alpha": alpha, "max_length": 6}
        want = numpy_beam_search(OnArrays(seed), SOURCE.numpy(), **options)
        assert beam_search(Drawn(seed), SOURCE, **options) == want


def test_a_beam_sees_past_a_likely_first_word():
    """3 is likelier than 4, but nothing good follows it: 0.6 * 0.4 against 0.4 * 1.0."""
    model = Scripted({(): {3: 0.6, 4: 0.4}, (3,): {EOS: 0.4, 3: 0.3, 4: 0.3}, (4,): {EOS: 1.0}})
    assert greedy(model, SOURCE, 5) == [[3], [3]]
    assert beam_search(model, SOURCE, beam=2, alpha=0.0, max_length=5) == [[4], [4]]


def test_the_penalty_decides_between_short_and_long():
    """log 0.5 = -0.69 for the empty sentence, log 0.45 = -0.80 for one of three tokens and eos."""
    model = Scripted({(): {EOS: 0.5, 3: 0.45, 4: 0.05}, (3,): {3: 1.0}, (3, 3): {3: 1.0}})
    for beam in (1, 2):
        assert beam_search(model, SOURCE[:1], beam=beam, alpha=0.0, max_length=6) == [[]]
        assert beam_search(model, SOURCE[:1], beam=beam, alpha=1.0, max_length=6) == [[3, 3, 3]]


def test_decoding_stops_when_nothing_better_can_come():
    for decode in (lambda model: greedy(model, SOURCE, 50), lambda model: beam_search(model, SOURCE, max_length=50)):
        model = Scripted({(): {EOS: 0.98, 3: 0.02}})
        assert decode(model) == [[], []] and model.steps == 1


def test_what_does_not_end_is_given_as_it_is():
    model = Scripted({(): {3: 1.0}, (3,): {4: 1.0}, (3, 4): {3: 1.0}})
    assert greedy(model, SOURCE[:1], 2) == beam_search(model, SOURCE[:1], beam=2, max_length=2) == [[3, 4]]
    assert greedy(model, SOURCE, 0) == [[], []]


def test_what_is_refused():
    for options in ({"beam": 0, "max_length": 5}, {"beam": 2, "max_length": 0}):
        with pytest.raises(ValueError, match="at least 1"):
            beam_search(model_of(0), SOURCE, **options)
    with pytest.raises(ValueError, match="alpha of at least 0, got -1"):
        beam_search(model_of(0), SOURCE, alpha=-1, max_length=5)
