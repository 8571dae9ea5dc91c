"""The seven proofs of a ladder, in one engine for pytest, `rungs verify` and the site.

`prove(ladder)` runs them and returns a `Report`. A learner's module can stand in as a level (`mine`); what is not written
there yet is reported as such, and the rest is checked.
"""

from __future__ import annotations

import importlib
import tempfile
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from utils.compare import (
    Finding,
    compare,
    compare_all,
    compare_results,
    compare_trajectories,
    compare_zero,
    failed,
    first_divergence,
    passed,
    tagged,
    unchanged,
)
from utils.gradcheck import check_layer, compare_with_torch
from utils.ladder import Batch, Ladder, LayerCase, Level, Mistake, Params
from utils.planting import plant
from utils.report import PROOFS, Report

__all__ = [
    "PROOFS",
    "Finding",
    "Report",
    "compare",
    "compare_all",
    "compare_zero",
    "failed",
    "passed",
    "plant",
    "prove",
]

STEPS = 10
TRUTH = "paper"  # the level that the others are compared to; it is compared to the references


def prove(
    ladder: Ladder,
    *,
    proofs: Iterable[str] | None = None,
    seeds: Sequence[int] = (0, 1, 2),
    level: str | None = None,
    mine: Mapping[str, ModuleType] | None = None,
    progress: Callable[[str], None] = lambda what: None,
) -> Report:
    """Run the proofs of a ladder.

    Args:
        proofs: which of `PROOFS`; all of them when None. With `mine`, planted mistakes and scripts are left out.
        seeds: one random initialisation and batch each.
        level: only this level against the paper level; all when None.
        mine: level -> the learner's module, which stands in for ours.
        progress: called with what is about to be compared.

    Raises:
        KeyError: unknown proof or level.
    """
    run = _Run(ladder, tuple(seeds), dict(mine or {}), progress, learner=True)
    wanted = list(PROOFS) if proofs is None else list(proofs)
    for proof in wanted:
        if proof not in PROOFS:
            raise KeyError(f"no proof {proof!r}; proofs: {', '.join(PROOFS)}")
    for name in [*([level] if level else []), *run.stand_ins]:
        if name not in ladder.modules:
            raise KeyError(f"{ladder.name} has no level {name!r}; levels: {', '.join(ladder.modules)}")
    only = {level} if level else set(run.stand_ins) or set(ladder.modules)
    if run.stand_ins:
        wanted = [proof for proof in wanted if proof not in ("mistakes", "scripts")]
    report = Report(ladder.name, ladder.chapter)
    for proof in wanted:
        if proof in ("gradients", "operations") and "numpy" not in only:
            continue
        for findings in getattr(run, proof)(only):
            report.findings += tagged(findings, proof=proof)
    return report


class _Run:
    """One run of the proofs, in which modules may stand in for ours: a learner's, or ours with a planted mistake."""

    def __init__(
        self,
        ladder: Ladder,
        seeds: tuple[int, ...],
        stand_ins: dict[str, ModuleType],
        progress: Callable[[str], None] = lambda what: None,
        *,
        learner: bool,
    ) -> None:
        self.ladder, self.seeds, self.stand_ins, self.progress = ladder, seeds, stand_ins, progress
        self.unfinished = set(stand_ins) if learner else set()  # levels in which a part may not be written yet
        self.modules = {name: stand_ins.get(name) or importlib.import_module(m) for name, m in ladder.modules.items()}

    # ---- 0 and 1: layers ----

    def gradients(self, only: set[str]) -> Iterator[list[Finding]]:
        for case in self.ladder.layers:
            if case.smooth:
                yield from self._layer(case, lambda layer, inputs, rng, case: check_layer(layer, inputs, rng))

    def operations(self, only: set[str]) -> Iterator[list[Finding]]:
        for case in self.ladder.layers:
            yield from self._layer(case, compare_with_torch)

    def _layer(self, case: LayerCase, proof: Callable[..., list[Finding]]) -> Iterator[list[Finding]]:
        self.progress(f"layer {case.name}")
        for seed in self.seeds:
            rng = np.random.default_rng([seed, 1])

            def check(rng: np.random.Generator = rng) -> list[Finding]:
                layer, inputs = case.build(self.modules["numpy"], rng)
                return [replace(f, what=f"layer {case.name}: {f.what}") for f in proof(layer, inputs, rng, case)]

            yield tagged(
                self._guard(f"layer {case.name}", "numpy" in self.unfinished, check), subject=f"numpy, seed {seed}"
            )

    # ---- 2 to 4: whole models ----

    def levels(self, only: set[str]) -> Iterator[list[Finding]]:
        truth = self.ladder.levels[TRUTH]
        for name in self.ladder.modules:
            if name not in only or (name == TRUTH and name not in self.stand_ins):
                continue
            for seed in self.seeds:
                for training in (True, False):
                    subject = f"{name} against {TRUTH}, {'training' if training else 'evaluation'} mode, seed {seed}"
                    self.progress(subject)
                    yield tagged(self._passes(name, truth, seed, training), subject=subject)
            if name == "numpy":
                yield tagged(
                    self._guard("gradient along a direction", name in self.unfinished, self._direction), subject=name
                )
        for check in self.ladder.checks:
            yield from self._check(check, "levels", only)

    def _passes(self, name: str, truth: Level, seed: int, training: bool) -> list[Finding]:
        def check() -> list[Finding]:
            params, batch = self._draw(seed)
            want = truth.run(params, batch, training=training)
            level = self._level(name)
            held_params, held_batch = _copies(params), _copies(batch)
            got = level.run(params, batch, training=training)
            findings = unchanged(held_params, params, "parameter") + unchanged(held_batch, batch, "batch")
            return findings + compare_results(
                got,
                want,
                zero_grad=self.ladder.zero_grad,
                may_be_partial=name in self.unfinished,
                trace=self.ladder.activations,
            )

        return self._guard("model", name in self.unfinished, check)

    def _direction(self) -> list[Finding]:
        """The derivative of the loss along a random direction: the whole NumPy backward pass, without any other level."""
        params, batch = self._draw(self.seeds[0])
        rng, level, step = np.random.default_rng([self.seeds[0], 2]), self._level("numpy"), 1e-6
        grads = level.run(params, batch, training=False).grads
        along = {name: rng.standard_normal(grad.shape) for name, grad in grads.items()}

        def loss(sign: int) -> float:
            moved = {name: p + sign * step * along[name] if name in along else p for name, p in params.items()}
            return level.run(moved, batch, training=False).loss

        slope = (loss(+1) - loss(-1)) / (2 * step)
        return [
            compare(
                "gradient along a direction",
                sum(np.sum(grads[n] * along[n]) for n in grads),
                slope,
                rtol=1e-5,
                atol=1e-7,
            )
        ]

    def training(self, only: set[str]) -> Iterator[list[Finding]]:
        truth = self.ladder.levels[TRUTH]
        for name in self.ladder.modules:
            if name not in only or (name == TRUTH and name not in self.stand_ins):
                continue
            for seed in self.seeds:
                subject = f"{name} against {TRUTH}, {STEPS} steps, seed {seed}"
                self.progress(subject)
                yield tagged(self._trajectory(name, self._level_or_error(name), truth, seed), subject=subject)
        for check in self.ladder.checks:
            yield from self._check(check, "training", only)

    def _trajectory(self, name: str, level: Level | Exception, truth: Level, seed: int) -> list[Finding]:
        def check() -> list[Finding]:
            if isinstance(level, Exception):
                raise level
            params, _ = self._draw(seed)
            rng = np.random.default_rng([seed, 3])
            batches = [self.ladder.batch(rng) for _ in range(STEPS)]
            want, got = truth.train(params, batches), level.train(params, batches)
            return compare_trajectories(got, want, start=params, skip=self.ladder.zero_grad)

        return self._guard("training", name in self.unfinished, check)

    def references(self, only: set[str]) -> Iterator[list[Finding]]:
        if TRUTH in only or not self.stand_ins:
            level = self._level_or_error(TRUTH)
            for name, reference in self.ladder.references.items():
                for seed in self.seeds:
                    subject = f"{name} against {TRUTH}, seed {seed}"
                    self.progress(subject)
                    yield tagged(
                        self._guard(
                            name, TRUTH in self.unfinished, lambda r=reference, s=seed: self._reference(r, level, s)
                        ),
                        subject=subject,
                    )
        for check in self.ladder.checks:
            yield from self._check(check, "references", only)

    def _reference(self, reference: Level, level: Level | Exception, seed: int) -> list[Finding]:
        if isinstance(level, Exception):
            raise level
        params, batch = self._draw(seed)
        findings = []
        for training in (True, False):
            ours, theirs = level.run(params, batch, training=training), reference.run(params, batch, training=training)
            # A reference need not name its inner results as we do; what it gives is compared, and it must give outputs.
            known = replace(theirs, activations={k: v for k, v in theirs.activations.items() if k in ours.activations})
            findings += compare_results(
                known, ours, zero_grad=self.ladder.zero_grad, may_be_partial=True, trace=tuple(known.activations)
            )
        if getattr(reference, "optimizer", None) is not None:
            findings += self._trajectory(TRUTH, reference, level, seed)
        return findings

    def _check(self, check: Any, proof: str, only: set[str]) -> Iterator[list[Finding]]:
        if check.proof != proof:
            return
        self.progress(check.name)
        for seed in self.seeds:
            run = lambda seed=seed: check.run(self.modules, np.random.default_rng([seed, 4]))  # noqa: E731
            findings = self._guard(check.name, bool(self.unfinished), run)
            named = [f.what if f.what.startswith(check.name) else f"{check.name}: {f.what}" for f in findings]
            yield [
                replace(f, what=f"check {what}", subject=f"seed {seed}")
                for f, what in zip(findings, named, strict=True)
            ]

    # ---- 5: planted mistakes ----

    def mistakes(self, only: set[str]) -> Iterator[list[Finding]]:
        for mistake in self.ladder.mistakes:
            if mistake.level not in only:
                continue
            self.progress(f"planted: {mistake.name}")
            yield tagged(
                self._guard(f"planted: {mistake.name}", False, lambda m=mistake: [self._plant(m)]),
                subject=mistake.level,
            )

    def _plant(self, mistake: Mistake) -> Finding:
        what = f"planted: {mistake.name}"
        _ = self.ladder.levels  # ours are loaded before the fault is planted, or they would have it too
        with plant(self.ladder, mistake) as module, np.errstate(all="ignore"):  # it may well overflow
            found = self._diagnose(mistake.level, module)
        if found is None:
            return failed(what, "was not noticed: the suite stayed green")
        if not found.what.startswith(mistake.first):
            return failed(what, f"was named {found.what!r} ({found.message}), expected {mistake.first!r}")
        return Finding(what, "equal", message=f"named: {found.what}")

    def _diagnose(self, level: str, module: ModuleType) -> Finding | None:
        """What the suite says first of a faulty level: one seed, the cheap and telling proofs first."""
        faulty = _Run(self.ladder, self.seeds[:1], {level: module}, learner=False)
        for findings in chain(faulty.levels({level}), faulty.training({level})):  # one by one: most faults show at once
            if (found := first_divergence(findings)) is not None:
                return found
        if (found := first_divergence(faulty.initialisation({level}))) is not None:
            return found
        groups = [faulty.references({level})]
        if level == "numpy":
            groups += [faulty.operations({level}), faulty.gradients({level})]
        for group in groups:
            for findings in group:
                if (found := first_divergence(findings)) is not None:
                    return found
        return None

    # ---- 6: scripts ----

    def scripts(self, only: set[str]) -> Iterator[list[Finding]]:
        yield self.initialisation(only)
        for script in self.ladder.scripts:
            self.progress(f"script {script.name}")
            with tempfile.TemporaryDirectory() as folder:
                yield self._guard(f"script {script.name}", False, lambda s=script, f=folder: _ran(s, Path(f)))

    def initialisation(self, only: set[str]) -> list[Finding]:
        """Every level's own initialisation, and one batch overfitted from it."""
        findings = []
        for name in self.ladder.modules:
            if name in only:
                self.progress(f"overfit one batch, {name}")
                findings += tagged(self._guard("initialisation", False, lambda n=name: self._overfit(n)), subject=name)
        return findings

    def _overfit(self, name: str) -> list[Finding]:
        level = self._level(name)
        fresh = level.fresh(np.random.default_rng([self.seeds[0], 5]))
        expected, batch = self._draw(self.seeds[0])
        if {k: v.shape for k, v in fresh.items()} != {k: v.shape for k, v in expected.items()}:
            return [failed("initialisation", f"gives {_shapes(fresh)}, expected {_shapes(expected)}")]
        if (overfit := self.ladder.overfit) is None:
            return [passed("initialisation")]
        trainer = level.start(fresh, **overfit.options)
        losses = [trainer.step(batch) for _ in range(overfit.steps)]
        if not np.all(np.isfinite(losses)):
            return [failed("overfit", f"the loss is not finite at step {int(np.argmin(np.isfinite(losses)))}")]
        if losses[-1] > overfit.loss:
            return [
                failed("overfit", f"loss {losses[-1]:.4g} after {overfit.steps} steps, must reach {overfit.loss:g}")
            ]
        return [passed("initialisation"), passed("overfit")]

    # ---- shared ----

    def _draw(self, seed: int) -> tuple[Params, Batch]:
        rng = np.random.default_rng([seed, 0])
        return self.ladder.init(rng), self.ladder.batch(rng)

    def _level(self, name: str) -> Level:
        if name in self.stand_ins:
            return self.ladder.builders[name](self.stand_ins[name])
        return self.ladder.levels[name]

    def _level_or_error(self, name: str) -> Level | Exception:
        try:
            return self._level(name)
        except Exception as error:
            return error

    def _guard(self, what: str, mine: bool, check: Callable[[], list[Finding]]) -> list[Finding]:
        """Run a check; what it raises is a finding. In a learner's module, a missing name is not written yet."""
        try:
            return check()
        except NotImplementedError as error:
            return [
                Finding(what, "not written" if mine else "failed", message=str(error) or "raises NotImplementedError")
            ]
        except AttributeError as error:
            if mine and isinstance(error.obj, ModuleType):
                return [Finding(what, "not written", message=f"{error.name} is not defined")]
            return [failed(what, _raised(error))]
        except (Exception, SystemExit) as error:  # a learner's code may call exit()
            return [failed(what, _raised(error))]


def _ran(script: Any, folder: Path) -> list[Finding]:
    script.run(folder)
    return [passed(f"script {script.name}")]


def _copies(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: value.copy() for name, value in arrays.items()}


def _shapes(arrays: Mapping[str, np.ndarray]) -> str:
    return ", ".join(f"{name} {value.shape}" for name, value in arrays.items())


def _raised(error: BaseException) -> str:
    """The error with the innermost line of a chapter's or learner's file in it."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "site-packages" not in f.filename]
    place = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    return f"raised {type(error).__name__}: {error}{place}"
