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


def pairwise_units(
    x: np.ndarray, labels: np.ndarray, classes: int
) -> dict[tuple[int, int], tuple[np.ndarray, np.ndarray]]:
    """For each pair i < j, the least-squares unit that gives +1 on class i and -1 on class j, fitted on these two alone.

    Returns: (i, j) -> weight (1, in), bias (1,)
    """
    units = {}
    for i, j in combinations(range(classes), 2):
        rows = (labels == i) | (labels == j)
        units[i, j] = least_squares(x[rows], np.where(labels[rows] == i, 1.0, -1.0)[:, np.newaxis])
    return units


def pairwise_scores(
    units: Mapping[tuple[int, int], tuple[np.ndarray, np.ndarray]], x: np.ndarray, squash: Any
) -> np.ndarray:
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


def closed_forms(only: Sequence[str] | None = None, dataset: str = "mnist") -> Iterator[dict[str, Any]]:
    """Solve, test, and yield the fields of each receipt."""
    wanted = [name for name in ("least-squares", "ridge-1000", *SQUASHES) if not only or name in only]
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
