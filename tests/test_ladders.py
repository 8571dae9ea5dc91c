"""The planted mistakes and scripts of every ladder of every written chapter, its proofs on more seeds, and that what a
ladder declares for `rungs climb` and `rungs bench` runs and learns. A new chapter is here as soon as it has a `ladder.py`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rungs.running.race import contenders_of
from utils.chapters import written_chapters
from utils.ladder import Batch, Ladder, load_ladders
from utils.parity.prove import prove
from utils.parity.report import PROOFS

LADDERS = {f"{c.id} {name}": ladder for c in written_chapters() for name, ladder in load_ladders(c.id).items()}
OF_LAYERS = ("gradients", "operations")  # the proofs of layers: a ladder without new ones has none
ONCE = ("mistakes", "scripts")  # the proofs that take one seed anyway; the others run on it in tests/test_reach.py
CLIMBS = [name for name, ladder in LADDERS.items() if ladder.climb]
BENCHES = [name for name, ladder in LADDERS.items() if ladder.bench]


@pytest.mark.parametrize("proof", ONCE)
@pytest.mark.parametrize("name", LADDERS)
def test_proof(name: str, proof: str) -> None:
    """On one seed, which is all that a planted mistake gets to be found: what one seed cannot see is planted nowhere."""
    expect_proved(LADDERS[name], proof, seeds=(0,))


@pytest.mark.whole
@pytest.mark.parametrize("proof", [proof for proof in PROOFS if proof not in ONCE])
@pytest.mark.parametrize("name", LADDERS)
def test_proof_on_more_seeds(name: str, proof: str) -> None:
    expect_proved(LADDERS[name], proof, seeds=(1, 2))


def expect_proved(ladder: Ladder, proof: str, seeds: tuple[int, ...]) -> None:
    report = prove(ladder, proofs=[proof], seeds=seeds)
    if proof in OF_LAYERS and not ladder.layers:
        assert not report.findings
    else:
        assert report.ok, (
            "\n".join(f"{f.subject}: {f.what}: {f.message}" for f in report.failures) or "nothing compared"
        )


@pytest.mark.parametrize("name", LADDERS)
def test_enough_is_claimed(name: str) -> None:
    """Four mistakes or more over all three levels, and something that others maintain to compare with."""
    ladder = LADDERS[name]
    assert set(ladder.builders) == set(ladder.modules) >= {"numpy", "pytorch_lowlevel", "paper"}
    assert len(ladder.mistakes) >= 4
    assert {mistake.level for mistake in ladder.mistakes} == set(ladder.modules)
    assert ladder.references or ladder.checks


@pytest.mark.parametrize("chapter", [chapter.id for chapter in written_chapters()])
def test_every_chapter_has_new_layers_a_climb_and_a_bench(chapter: str) -> None:
    ladders = load_ladders(chapter).values()
    assert any(ladder.layers for ladder in ladders)
    assert any(ladder.climb for ladder in ladders)
    assert any(ladder.bench for ladder in ladders)


@pytest.mark.parametrize("name", CLIMBS)
def test_a_climb_learns(name: str) -> None:
    """Some steps at the NumPy level, on the climb's own data, bring the loss down and the score with it."""
    ladder, rng = LADDERS[name], np.random.default_rng(0)
    climb = ladder.climb
    assert climb is not None
    level = ladder.level("numpy", **climb.sizes)
    trainer = level.start(level.fresh(rng), **climb.options)
    test, schedule = climb.test(), climb.schedule or ladder.schedule
    before, losses = climb.score(trainer, test), []
    for step, batch in enumerate(climb.batches(rng, 60)):
        if schedule is not None:
            trainer.lr = schedule(step)
        losses.append(trainer.step(ladder.noisy(rng, batch, **climb.sizes)))
    after = climb.score(trainer, test)
    assert np.mean(losses[-10:]) < np.mean(losses[:10])
    assert (after < before) if climb.falls else (after > before)


@pytest.mark.parametrize("name", BENCHES)
def test_a_bench_times_every_level_in_float32(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ladder = LADDERS[name]
    assert ladder.bench is not None
    started = []
    monkeypatch.setattr(
        "torch.compile", lambda module: module
    )  # its loading takes seconds, and no step of it runs here
    for level in {type(level) for level in [*ladder.levels.values(), *ladder.references.values()]}:
        if level.start is not None:
            monkeypatch.setattr(level, "start", remembering(level.start, started))
    contenders = contenders_of(ladder, replace(ladder.bench, batch=lambda rng: few(ladder, rng)))
    assert len(contenders) >= len(ladder.levels)
    for contender in contenders[: len(ladder.levels)]:
        loss: Any = contender.step()
        assert np.isfinite(loss)
    for trainer in started:
        floating = {p.dtype for p in trainer.params().values() if np.issubdtype(p.dtype, np.floating)}
        assert floating == {np.dtype(np.float32)}


def few(ladder: Ladder, rng: np.random.Generator) -> Batch:
    """Three examples of the batch at most: a step computes in the same dtype whatever their number."""
    assert ladder.bench is not None
    batch = ladder.bench.batch(rng)
    axes = {name: ladder.batch_axes.get(name, 0) for name, array in batch.items() if array.ndim}
    return batch | {name: batch[name].take(range(min(3, batch[name].shape[axis])), axis) for name, axis in axes.items()}


def remembering(start, started: list):
    def wrapped(self, *args, **options):
        started.append(start(self, *args, **options))
        return started[-1]

    return wrapped
