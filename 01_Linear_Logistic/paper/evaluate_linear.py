"""The chapter's metrics, and the classifiers that need no training: least squares, ridge, and the 45 pairwise units."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from linear_data import Batch, load_rows
from linear_numpy import least_squares
from logistic_numpy import one_hot
from regularized_numpy import ridge

from utils.classification import error_rate, predicted_classes

CLASSIFIERS = ("logistic", "softmax", "lecun1998")


def metric_name(ladder: str) -> str:
    return "error" if ladder in CLASSIFIERS else "mse"


def error(outputs: Mapping[str, np.ndarray], batch: Batch) -> float:
    """Wrong classes in per cent; for a regression, the mean squared error."""
    if "prediction" in outputs:
        return float(((outputs["prediction"] - batch["targets"]) ** 2).mean())
    return error_rate(predicted_classes(outputs), batch["targets"])


# ---- Linear classifiers that are solved and not trained (LeCun et al. 1998, section III-C.1) ----


Units = dict[tuple[int, int], tuple[np.ndarray, np.ndarray]]


def pairwise_units(x: np.ndarray, labels: np.ndarray, classes: int) -> Units:
    """For each pair i < j, the least-squares unit that gives +1 on class i and -1 on class j, fitted on these two alone.

    Returns: (i, j) -> weight (1, in), bias (1,)
    """
    units = {}
    for i, j in combinations(range(classes), 2):
        rows = (labels == i) | (labels == j)
        units[i, j] = least_squares(x[rows], np.where(labels[rows] == i, 1.0, -1.0)[:, np.newaxis])
    return units


def units_by_cut_off(x: np.ndarray, labels: np.ndarray, classes: int, cut_offs: Sequence[float]) -> dict[float, Units]:
    """The units of `pairwise_units`, without the directions whose singular value is below each cut-off.

    One decomposition serves all cut-offs. It is that of the triangle R of [X y] = QR, which has the singular values of X.

    Args:
        x: (n, in). labels: (n,).
    Returns: cut-off -> (i, j) -> weight (1, in), bias (1,)
    """
    found: dict[float, Units] = {cut_off: {} for cut_off in cut_offs}
    for i, j in combinations(range(classes), 2):
        rows = (labels == i) | (labels == j)
        chosen, target = x[rows], np.where(labels[rows] == i, 1.0, -1.0)
        x_mean, y_mean = chosen.mean(axis=0), target.mean()
        triangle = np.asarray(np.linalg.qr(np.column_stack([chosen - x_mean, target - y_mean]), mode="r"))
        u, s, vt = np.linalg.svd(triangle[:, :-1], full_matrices=False)
        along = u.T @ triangle[:, -1]
        for cut_off, units in found.items():
            kept = s > cut_off * s[0]
            weight = (along[kept] / s[kept]) @ vt[kept]  # (in,)
            units[i, j] = weight[np.newaxis], np.array([y_mean - x_mean @ weight])
    return found


def pairwise_scores(units: Units, x: np.ndarray, squash: Any) -> np.ndarray:
    """The score of class i is the sum of its units i/x minus the sum of the units y/i, each squashed first.

    Returns: (n, classes)
    """
    classes = max(j for _, j in units) + 1
    scores = np.zeros((len(x), classes))
    for (i, j), (weight, bias) in units.items():
        output = squash(x @ weight[0] + bias[0])  # (n,)
        scores[:, i] += output
        scores[:, j] -= output
    return scores


SQUASHES = {
    "pairwise-votes": (np.sign, "45 pairwise units, each a vote (its sign)"),
    "pairwise-clipped": (lambda z: z.clip(-1.0, 1.0), "45 pairwise units, outputs clipped to -1..1"),
    "pairwise-raw": (lambda z: z, "45 pairwise units, raw outputs"),
}


CUT_OFFS = {f"pairwise-raw-{cut_off:.0e}": cut_off for cut_off in (1e-6, 1e-4, 1e-2)}
"""The raw outputs again, with singular values left out that are small beside the largest; NumPy's own limit is near 3e-12."""


def closed_forms(only: Sequence[str] | None = None, dataset: str = "mnist") -> Iterator[dict[str, Any]]:
    """Solve, test, and yield the fields of each receipt."""
    wanted = [name for name in ("least-squares", "ridge-1000", *SQUASHES, *CUT_OFFS) if not only or name in only]
    if not wanted:
        return
    train, test = load_rows(dataset, "train"), load_rows(dataset, "test")
    x, labels = train["inputs"], train["targets"]
    classes = int(labels.max()) + 1
    targets = one_hot(labels, classes)
    if "least-squares" in wanted:
        start = time.perf_counter()
        solution = least_squares(x, targets)
        yield _solved("least-squares", "least squares on one-hot targets", 12.0, solution, test, start, {})
    if "ridge-1000" in wanted:
        start = time.perf_counter()
        solution = ridge(x, targets, 1000.0)
        yield _solved("ridge-1000", "ridge on one-hot targets", 12.0, solution, test, start, {"alpha": 1000.0})
    if any(name in wanted for name in SQUASHES):
        start = time.perf_counter()
        units = pairwise_units(x, labels, classes)
        seconds = time.perf_counter() - start
        for name, (squash, title) in SQUASHES.items():
            if name in wanted:
                got = error_rate(pairwise_scores(units, test["inputs"], squash).argmax(axis=1), test["targets"])
                yield _fields(name, title, 7.6, got, seconds, {"units": len(units)})
    cut_offs = {name: cut_off for name, cut_off in CUT_OFFS.items() if name in wanted}
    if cut_offs:
        start = time.perf_counter()
        found = units_by_cut_off(x, labels, classes, tuple(cut_offs.values()))
        seconds = time.perf_counter() - start
        for name, cut_off in cut_offs.items():
            got = {
                kind: error_rate(
                    pairwise_scores(found[cut_off], test["inputs"], squash).argmax(axis=1), test["targets"]
                )
                for kind, (squash, _) in SQUASHES.items()
            }
            title = f"45 pairwise units, raw outputs, cut-off {cut_off:.0e}"
            fields = _fields(
                name, title, 7.6, got["pairwise-raw"], seconds, {"units": len(found[cut_off]), "cut_off": cut_off}
            )
            others = f"with this cut-off votes {got['pairwise-votes']:.2f} %, clipped {got['pairwise-clipped']:.2f} %"
            yield fields | {"notes": f"{fields['notes']}; {others}"}


def _solved(
    name: str,
    title: str,
    paper: float,
    solution: tuple[np.ndarray, np.ndarray],
    test: Batch,
    start: float,
    config: dict,
) -> dict[str, Any]:
    seconds = time.perf_counter() - start
    weight, bias = solution
    return _fields(
        name,
        title,
        paper,
        error_rate((test["inputs"] @ weight.T + bias).argmax(axis=1), test["targets"]),
        seconds,
        config,
    )


def _fields(name: str, title: str, paper: float, got: float, seconds: float, config: dict) -> dict[str, Any]:
    return {
        "name": name,
        "title": title,
        "values": {0: got},
        "wall_time_s": {0: round(seconds, 3)},
        "paper_value": paper,
        "config": config,
        "notes": "solved in closed form: there is no seed to vary",
    }
