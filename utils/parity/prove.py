"""The seven proofs of a ladder, in one engine for pytest, `rungs verify` and the site.

`prove(ladder)` runs them and returns a `Report`. A learner's module can stand in as a level (`mine`); what is not written
there yet is reported as such, and the rest is checked.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from utils.ladder import Ladder, Mistake, Script
from utils.parity.compare import first_divergence, tagged
from utils.parity.equalities import gradients, levels, operations, references, training
from utils.parity.finding import Finding, failed, passed
from utils.parity.planting import plant
from utils.parity.report import PROOFS, Report
from utils.parity.stand_in import StandIn
from utils.parity.trial import Trial


def prove(
    ladder: Ladder,
    *,
    proofs: Iterable[str] | None = None,
    seeds: Sequence[int] = (0, 1, 2),
    level: str | None = None,
    mine: StandIn | None = None,
    progress: Callable[[str], None] = lambda what: None,
) -> Report:
    """Run the proofs of a ladder.

    Args:
        proofs: which of `PROOFS`; all of them when None. With `mine`, there are no planted mistakes, and of the scripts
            the overfitted batch alone.
        seeds: one random initialisation and batch each.
        level: only this level against the paper level; all when None.
        mine: the learner's level, which stands in for ours.
        progress: called with what is about to be compared.

    Raises:
        KeyError: unknown proof or level.
    """
    wanted = list(PROOFS) if proofs is None else list(proofs)
    for proof in wanted:
        if proof not in PROOFS:
            raise KeyError(f"no proof {proof!r}; proofs: {', '.join(PROOFS)}")
    level = mine.level if mine else level
    if level is not None and level not in ladder.builders:
        raise KeyError(f"{ladder.name} has no level {level!r}; levels: {', '.join(ladder.builders)}")
    only = {level} if level else set(ladder.builders)
    trial = Trial(ladder, seeds=tuple(seeds), only=only, stand_in=mine, learner=True, progress=progress)
    report = Report(ladder.name, ladder.chapter)
    for proof in wanted:
        for findings in run_proof(trial, proof):
            report.findings += tagged(findings, proof=proof)
    return report


def run_proof(trial: Trial, proof: str) -> Iterator[list[Finding]]:
    """The findings of one proof, check by check, so that who looks for the first fault need not run the rest."""
    if not trial.stand_in:
        return RUNNERS[proof](trial)
    if proof == "mistakes":
        return iter(())
    return initialisation(trial) if proof == "scripts" else RUNNERS[proof](trial)


# ---- planted mistakes ----


def mistakes(trial: Trial) -> Iterator[list[Finding]]:
    """Each planted mistake is found, and named as its ladder says."""
    for mistake in trial.ladder.mistakes:
        if mistake.level in trial.only:
            what = f"planted: {mistake.name}"
            trial.progress(what)
            yield tagged(trial.guard(what, partial(_plant, trial, mistake, what)), subject=mistake.level)


def _plant(trial: Trial, mistake: Mistake, what: str) -> list[Finding]:
    with np.errstate(all="ignore"):  # it may well overflow
        found = _diagnose(trial, plant(trial.ladder, mistake))
    if found is None:
        return [
            failed(
                what,
                "was not noticed: the suite stayed green. No proof compares what the line computes, or one imports its "
                "module instead of asking `load` for it, and so runs ours",
            )
        ]
    if not found.what.startswith(mistake.first):
        return [failed(what, f"was named {found.what!r} ({found.message}), expected {mistake.first!r}")]
    return [Finding(what, "equal", message=f"named: {found.what}")]


def _diagnose(trial: Trial, faulty: StandIn) -> Finding | None:
    """What the suite says first of a faulty level: one seed, the cheap and telling proofs first."""
    suspect = Trial(trial.ladder, seeds=trial.seeds[:1], only={faulty.level}, stand_in=faulty)
    for proof in (levels, training, initialisation, references, operations, gradients):
        for findings in proof(suspect):  # one by one: most faults show at once
            if (found := first_divergence(findings)) is not None:
                return found
    return None


# ---- scripts ----


def scripts(trial: Trial) -> Iterator[list[Finding]]:
    """Every level overfits one batch, every script runs to its end."""
    yield from initialisation(trial)
    for script in trial.ladder.scripts:
        what = f"script {script.name}"
        trial.progress(what)
        yield trial.guard(what, partial(_run_script, script, what))


def _run_script(script: Script, what: str) -> list[Finding]:
    with tempfile.TemporaryDirectory() as folder:
        script.run(Path(folder))
    return [passed(what)]


def initialisation(trial: Trial) -> Iterator[list[Finding]]:
    """Every level's own initialisation, and one batch overfitted from it."""
    for name in trial.ladder.builders:
        if name in trial.only:
            trial.progress(f"overfit one batch, {name}")
            yield tagged(trial.guard("initialisation", partial(_overfit, trial, name), name), subject=name)


def _overfit(trial: Trial, name: str) -> list[Finding]:
    level = trial.level(name)
    fresh = level.fresh(np.random.default_rng([trial.seeds[0], 5]))
    expected, batch = trial.draw(trial.seeds[0])
    if {k: v.shape for k, v in fresh.items()} != {k: v.shape for k, v in expected.items()}:
        return [failed("initialisation", f"gives {_shapes(fresh)}, expected {_shapes(expected)}")]
    if (overfit := trial.ladder.overfit) is None:
        return [passed("initialisation")]
    trainer = level.start(fresh, **overfit.options)
    losses = [trainer.step(batch) for _ in range(overfit.steps)]
    if not np.all(np.isfinite(losses)):
        return [failed("overfit", f"the loss is not finite at step {int(np.argmin(np.isfinite(losses)))}")]
    if losses[-1] > overfit.loss:
        return [failed("overfit", f"loss {losses[-1]:.4g} after {overfit.steps} steps, must reach {overfit.loss:g}")]
    return [passed("initialisation"), passed("overfit")]


def _shapes(arrays: Mapping[str, np.ndarray]) -> str:
    return ", ".join(f"{name} {value.shape}" for name, value in arrays.items())


RUNNERS: dict[str, Callable[[Trial], Iterator[list[Finding]]]] = {
    "gradients": gradients,
    "operations": operations,
    "levels": levels,
    "training": training,
    "references": references,
    "mistakes": mistakes,
    "scripts": scripts,
}
"""How each of `PROOFS` is run."""
