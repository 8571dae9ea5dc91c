"""The proofs that compare: layers with central differences and with torch, levels with each other and with references.

Each takes a `Trial` and yields lists of findings, one by one, so that who looks for the first fault need not run the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Literal

import numpy as np

from utils.ladder import Check, Ladder, LayerCase, Level, Phase, Result
from utils.levels.arrays import as_float32
from utils.parity.compare import compare, compare_results, compare_trajectories, tagged, unchanged
from utils.parity.finding import Finding, failed, passed
from utils.parity.gradcheck import check_layer, check_promises, compare_with_torch
from utils.parity.trial import TRUTH, Trial

STEPS = 10


# ---- layers ----


def gradients(trial: Trial) -> Iterator[list[Finding]]:
    """Every NumPy layer against central differences, and against what it promises."""
    for case in trial.ladder.layers:
        if case.smooth:
            yield from _layer(trial, case, trial.seeds, partial(_alone, trial, check_layer))
        yield from _layer(trial, case, trial.seeds[:1], partial(_promises, trial))


def operations(trial: Trial) -> Iterator[list[Finding]]:
    """Every NumPy layer against the torch operation."""
    for case in trial.ladder.layers:
        yield from _layer(trial, case, trial.seeds, partial(_alone, trial, partial(compare_with_torch, case=case)))


def _alone(
    trial: Trial, proof: Callable[..., list[Finding]], case: LayerCase, rng: np.random.Generator
) -> list[Finding]:
    layer, inputs = case.build(trial.load, rng, np.float64)
    return proof(layer, inputs, rng)


def _promises(trial: Trial, case: LayerCase, rng: np.random.Generator) -> list[Finding]:
    return check_promises(case, trial.load, rng, learner=trial.unfinished == "numpy")


def _layer(
    trial: Trial,
    case: LayerCase,
    seeds: tuple[int, ...],
    proof: Callable[[LayerCase, np.random.Generator], list[Finding]],
) -> Iterator[list[Finding]]:
    if "numpy" not in trial.only:
        return
    what = f"layer {case.name}"
    trial.progress(what)
    for seed in seeds:
        findings = trial.guard(what, partial(proof, case, np.random.default_rng([seed, 1])), "numpy")
        named = [f if f.what == what else replace(f, what=f"{what}: {f.what}") for f in findings]
        yield tagged(named, subject=f"numpy, seed {seed}")


# ---- whole models ----


def levels(trial: Trial) -> Iterator[list[Finding]]:
    """Every level against the paper level: one pass, in training and in evaluation mode, and one in float32."""
    truth = trial.ladder.levels[TRUTH]
    for name in trial.compared_levels():
        for seed in trial.seeds:
            for mode in (True, False):
                subject = f"{name} against {TRUTH}, {'training' if mode else 'evaluation'} mode, seed {seed}"
                trial.progress(subject)
                findings = trial.guard("model", partial(_pass, trial, name, truth, seed, mode), name)
                yield tagged(findings, subject=subject)
        if name == "numpy":
            for phase in trial.ladder.phases:
                what = f"gradient along a direction{f', {phase.name}' if phase.name else ''}"
                yield tagged(trial.guard(what, partial(_direction, trial, phase, what), name), subject=name)
        yield tagged(trial.guard("float32", partial(_float32_pass, trial, name), name), subject=f"{name}, float32")
    yield from _checks(trial, "levels")


def _pass(trial: Trial, name: str, truth: Level, seed: int, mode: bool) -> list[Finding]:
    params, batch = trial.draw(seed)
    want = truth.run(params, batch, training=mode)
    level = trial.level(name)
    held_params, held_batch = ({k: v.copy() for k, v in arrays.items()} for arrays in (params, batch))
    got = level.run(params, batch, training=mode)
    findings = unchanged(held_params, params, "parameter") + unchanged(held_batch, batch, "batch")
    return findings + compare_results(
        got,
        want,
        zero_grad=trial.ladder.zero_grad,
        may_be_partial=name == trial.unfinished,
        trace=trace_of(trial.ladder, want),
    )


def trace_of(ladder: Ladder, result: Result) -> list[str]:
    """The ladder's activations as a result has them: where a step has several phases, once for each that computes it."""
    if len(ladder.phases) == 1:
        return list(ladder.activations)
    there = {recorded.partition("[")[0] for recorded in result.activations}
    names: list[str] = []
    for name in ladder.activations:
        in_phases = [f"{phase.name}.{name}" for phase in ladder.phases]
        names += [full for full in in_phases if full in there] or [name]
    return names


def _direction(trial: Trial, phase: Phase, what: str) -> list[Finding]:
    """The derivative of a phase's loss along a random direction of what it trains: the whole NumPy backward pass, without
    any other level. Each player of a game goes along its own parameters, on its own loss."""
    seed, step = trial.seeds[0], 1e-6
    params, batch = trial.draw(seed)
    rng, level = np.random.default_rng([seed, 2]), trial.level("numpy")
    grads = {n: g for n, g in level.run(params, batch, training=False).grads.items() if phase.trains(n)}
    along = {name: rng.standard_normal(grad.shape) for name, grad in grads.items()}

    def loss(sign: int) -> float:
        moved = {name: p + sign * step * along[name] if name in along else p for name, p in params.items()}
        result = level.run(moved, batch, training=False)
        return float(result.outputs[f"{phase.name}.loss"]) if len(trial.ladder.phases) > 1 else result.loss

    slope = (loss(+1) - loss(-1)) / (2 * step)
    product = sum(np.sum(grads[n] * along[n]) for n in grads)
    return [compare(what, product, slope, rtol=1e-5, atol=1e-7)]


def _float32_pass(trial: Trial, name: str) -> list[Finding]:
    """What goes into a pass as float32 comes out as float32."""
    params, batch = map(as_float32, trial.draw(trial.seeds[0]))
    result = trial.level(name).run(params, batch, training=True)
    return _are_float32({"output": result.outputs, "gradient": result.grads, "input gradient": result.input_grads})


def _float32_step(trial: Trial, name: str) -> list[Finding]:
    """A step leaves float32 parameters and an optimizer's state in float32."""
    params, batch = map(as_float32, trial.draw(trial.seeds[0]))
    trainer = trial.level(name).start(params)
    trainer.step(batch)
    return _are_float32({"parameter": trainer.params(), "optimizer state": trainer.optimizer_state()})


def _are_float32(arrays: dict[str, dict[str, np.ndarray]]) -> list[Finding]:
    return [
        failed(f"{kind} {key}", "is float64, expected float32 from float32")
        if value.ndim and value.dtype == np.float64
        else passed(f"{kind} {key}")
        for kind, named in arrays.items()
        for key, value in named.items()
    ]


def training(trial: Trial) -> Iterator[list[Finding]]:
    """Every level against the paper level: some optimizer steps on fresh batches."""
    truth = trial.ladder.levels[TRUTH]
    for name in trial.compared_levels():
        for seed in trial.seeds:
            subject = f"{name} against {TRUTH}, {STEPS} steps, seed {seed}"
            trial.progress(subject)

            def check(name: str = name, seed: int = seed) -> list[Finding]:
                return _trajectory(trial, trial.level(name), truth, seed)

            yield tagged(trial.guard("training", check, name), subject=subject)
        yield tagged(trial.guard("float32", partial(_float32_step, trial, name), name), subject=f"{name}, float32")
    yield from _checks(trial, "training")


def _trajectory(trial: Trial, level: Level, truth: Level, seed: int) -> list[Finding]:
    params, _ = trial.draw(seed)
    rng = np.random.default_rng([seed, 3])
    batches = [trial.ladder.batch(rng) for _ in range(STEPS)]
    want, got = truth.train(params, batches), level.train(params, batches)
    return compare_trajectories(got, want, start=params, skip=trial.ladder.zero_grad)


def references(trial: Trial) -> Iterator[list[Finding]]:
    """The paper level against implementations that others maintain."""
    if TRUTH in trial.only:
        for name, reference in trial.ladder.references.items():
            for seed in trial.seeds:
                subject = f"{name} against {TRUTH}, seed {seed}"
                trial.progress(subject)
                findings = trial.guard(name, partial(_reference, trial, reference, seed), TRUTH)
                yield tagged(findings, subject=subject)
    yield from _checks(trial, "references")


def _reference(trial: Trial, reference: Level, seed: int) -> list[Finding]:
    level = trial.level(TRUTH)
    params, batch = trial.draw(seed)
    findings = []
    for mode in (True, False):
        ours, theirs = level.run(params, batch, training=mode), reference.run(params, batch, training=mode)
        # A reference need not name its inner results as we do; what it gives is compared, and it must give outputs.
        known = replace(theirs, activations={k: v for k, v in theirs.activations.items() if k in ours.activations})
        findings += compare_results(
            known, ours, zero_grad=trial.ladder.zero_grad, may_be_partial=True, trace=tuple(known.activations)
        )
    if reference.trainable:
        findings += trial.guard("training", partial(_trajectory, trial, reference, level, seed), TRUTH)
    return findings


def _checks(trial: Trial, proof: Literal["levels", "training", "references"]) -> Iterator[list[Finding]]:
    """The chapter's own checks that belong to a proof."""
    for check in trial.ladder.checks:
        if check.proof == proof:
            trial.progress(check.name)
            for seed in trial.seeds:
                rng = np.random.default_rng([seed, 4])
                findings = trial.guard(check.name, partial(check.run, trial.load, rng), *trial.ladder.builders)
                yield [replace(f, what=_checked(check, f), subject=f"seed {seed}") for f in findings]


def _checked(check: Check, finding: Finding) -> str:
    return f"check {finding.what if finding.what.startswith(check.name) else f'{check.name}: {finding.what}'}"
