"""Comparisons that refuse to be vacuous, and the findings they give."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from utils.ladder import Result, Trajectory
from utils.parity.finding import Finding, failed, passed
from utils.parity.tolerances import ATOL, RTOL, TRAIN_ATOL, TRAIN_RTOL

ZERO = 1e-12  # a gradient that is zero by mathematics stays below this
VACUOUS = 1e-8  # a reference that is below this everywhere proves nothing


def compare(
    what: str, got: Any, want: Any, *, rtol: float = RTOL, atol: float = ATOL, may_be_zero: bool = False
) -> Finding:
    """Compare two arrays or numbers: |got - want| <= atol + rtol |want|, elementwise.

    Fails, besides on a difference, where the comparison would prove nothing: unequal shapes, values that are not finite, a
    `want` that is zero everywhere (unless `may_be_zero`), or two arrays that share memory.
    """
    got, want = np.asarray(got), np.asarray(want)
    if got.shape != want.shape:
        return failed(what, f"shape {got.shape}, expected {want.shape}")
    if want.size == 0:
        return failed(what, "is empty: nothing was compared")
    if got.ndim and np.shares_memory(got, want):
        return failed(what, "shares memory with what it is compared to: equal by construction")
    for side, array in (("", got), ("expected value ", want)):
        if not np.all(np.isfinite(array)):
            return failed(what, f"{side}has {np.sum(~np.isfinite(array))} of {array.size} entries that are not finite")
    if not may_be_zero and np.max(np.abs(want)) < VACUOUS:
        return failed(what, "expected value is zero everywhere: equality would prove nothing")
    error = np.abs(np.asarray(got, np.float64) - np.asarray(want, np.float64))
    excess = error - (atol + rtol * np.abs(want))
    worst = float(np.max(error))
    if np.max(excess) <= 0:
        return passed(what, worst)
    index = tuple(map(int, np.unravel_index(np.argmax(excess), got.shape)))
    place = f" at {list(index)}" if index else ""
    count = f"{np.sum(excess > 0)} of {got.size} entries differ; " if got.ndim else ""
    return failed(
        what, f"{count}got {got[index]:.10g}{place}, expected {want[index]:.10g} (rtol {rtol:g}, atol {atol:g})", worst
    )


def compare_zero(what: str, got: Any) -> Finding:
    """A gradient that is zero by mathematics: asserted, since only rounding may be left."""
    worst = float(np.max(np.abs(np.asarray(got))))
    return (
        passed(what, worst)
        if worst < ZERO
        else failed(what, f"must be zero by mathematics, reaches {worst:.3g}", worst)
    )


def compare_all(
    kind: str,
    got: Mapping[str, np.ndarray],
    want: Mapping[str, np.ndarray],
    *,
    rtol: float = RTOL,
    atol: float = ATOL,
    zero: Iterable[str] = (),
    may_be_zero: bool = False,
) -> list[Finding]:
    """Compare by name, in the order of `want`; a name on one side only is a failure. `zero` names what must be zero."""
    findings, zero = [], set(zero)
    for name, value in want.items():
        what = f"{kind} {name}"
        if name not in got:
            findings.append(failed(what, "is missing"))
        elif name in zero:
            findings += [compare_zero(what, got[name]), compare_zero(what, value)]
        else:
            findings.append(compare(what, got[name], value, rtol=rtol, atol=atol, may_be_zero=may_be_zero))
    return findings + [failed(f"{kind} {name}", "is not expected") for name in got if name not in want]


def is_part(recorded: str, name: str) -> bool:
    """Whether a recorded activation is of the sub-layer called `name`: itself, or a part of its tuple ("lstm[1]")."""
    return recorded.partition("[")[0] == name


def compare_results(
    got: Result,
    want: Result,
    *,
    zero_grad: Iterable[str] = (),
    may_be_partial: bool = False,
    trace: Iterable[str] | None = None,
) -> list[Finding]:
    """Compare everything that one pass gives, in the order in which a fault should be named.

    That order is: activations from the first on, outputs, loss, parameter gradients from the last back to the first (the
    order of the backward pass), input gradients, buffers.

    Args:
        zero_grad: parameters whose gradient is zero by mathematics.
        may_be_partial: parts that `got` leaves empty are left out (outputs never are): for references and unfinished work.
        trace: the activations that must be there; None takes those of `want`.
    """
    wanted, findings = dict(want.activations) if trace is None else {}, []
    for name in trace or ():
        parts = {key: value for key, value in want.activations.items() if is_part(key, name)}
        wanted |= parts
        if not parts:
            findings.append(failed(f"activation {name}", "is missing in the level compared to"))
    if got.activations or not may_be_partial:
        findings += compare_all("activation", got.activations, wanted)
    findings += compare_all("output", got.outputs, want.outputs)
    findings.append(compare("loss", got.loss, want.loss))
    if got.grads or not may_be_partial:
        backwards = dict(reversed(want.grads.items()))
        findings += compare_all("gradient", got.grads, backwards, zero=zero_grad)
    if got.input_grads or not may_be_partial:
        findings += compare_all("input gradient", got.input_grads, want.input_grads)
    if got.buffers or not may_be_partial:
        findings += compare_all("buffer", got.buffers, want.buffers, may_be_zero=True)
    return findings


def compare_trajectories(
    got: Trajectory, want: Trajectory, *, start: Mapping[str, np.ndarray], skip: Iterable[str] = ()
) -> list[Finding]:
    """Compare training: the loss of each step, then parameters and buffers, then the optimizer's state.

    Args:
        start: the parameters before the first step; one that did not move proves nothing and fails.
        skip: parameters of zero gradient, whose rounding noise an optimizer may blow up.
    """
    compare_close = partial(compare, rtol=TRAIN_RTOL, atol=TRAIN_ATOL)
    compare_all_close = partial(compare_all, rtol=TRAIN_RTOL, atol=TRAIN_ATOL, may_be_zero=True)
    findings = [
        compare_close(f"loss at step {i}", a, b) for i, (a, b) in enumerate(zip(got.losses, want.losses, strict=True))
    ]
    skip = set(skip)

    def kept(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {
            name: value for name, value in arrays.items() if not any(name == s or name.endswith("." + s) for s in skip)
        }

    findings += compare_all_close("parameter", kept(got.params), dict(reversed(kept(want.params).items())))
    moved = [name for name in kept(want.params) if not np.array_equal(want.params[name], start[name])]
    if not moved:
        findings.append(failed("training", "no parameter moved: nothing was trained"))
    return findings + compare_all_close("optimizer state", kept(got.optimizer_state), kept(want.optimizer_state))


def unchanged(before: Mapping[str, np.ndarray], after: Mapping[str, np.ndarray], kind: str) -> list[Finding]:
    """One finding for each array that was changed in place."""
    return [
        failed(f"{kind} {name}", "was changed in place: work on a copy, what the caller passed in stays as it was")
        for name, value in before.items()
        if not np.array_equal(value, after[name], equal_nan=bool(np.issubdtype(value.dtype, np.inexact)))
    ]


def tagged(findings: Sequence[Finding], *, subject: str = "", proof: str = "") -> list[Finding]:
    """The findings with their subject and proof filled in where these are empty."""
    return [replace(f, subject=f.subject or subject, proof=f.proof or proof) for f in findings]


def first_divergence(findings: Sequence[Finding]) -> Finding | None:
    """The first failure. Findings stand in the order in which a fault should be named, so this is where to look."""
    return next((f for f in findings if f.status == "failed"), None)
