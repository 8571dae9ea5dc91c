"""How much the 45 pairwise units depend on which singular values a solver takes for zero.

python 01_Linear_Logistic/paper/measure_cut_off.py            # prints a table, in about three minutes
python 01_Linear_Logistic/paper/measure_cut_off.py --write    # and writes the receipts

A pixel that is black in nearly every image of two classes leaves a singular value near zero. Least squares divides by it, so
the weight becomes huge. A solver ignores what is smaller than its cut-off, a fraction of the largest singular value.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from itertools import combinations

import numpy as np
from evaluate_linear import SQUASHES, pairwise_scores
from linear_data import Batch, load_rows

from utils.classification import error_rate
from utils.receipts import Receipt, new_receipt, write_receipt

CUT_OFFS = (1e-6, 1e-4, 1e-2)  # NumPy's own is near 3e-12 for two digits

Units = dict[tuple[int, int], tuple[np.ndarray, np.ndarray]]


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
        triangle = np.linalg.qr(np.column_stack([chosen - x_mean, target - y_mean]), mode="r")
        u, s, vt = np.linalg.svd(triangle[:, :-1], full_matrices=False)
        along = u.T @ triangle[:, -1]
        for cut_off, units in found.items():
            kept = s > cut_off * s[0]
            weight = (along[kept] / s[kept]) @ vt[kept]  # (in,)
            units[i, j] = weight[np.newaxis], np.array([y_mean - x_mean @ weight])
    return found


def errors(units: Units, test: Batch) -> dict[str, float]:
    """Test error in % for each way of squashing a unit's output."""
    return {
        name: error_rate(pairwise_scores(units, test["inputs"], squash).argmax(axis=1), test["targets"])
        for name, (squash, _) in SQUASHES.items()
    }


def largest_output(units: Units, test: Batch) -> float:
    return max(float(np.abs(test["inputs"] @ weight[0] + bias[0]).max()) for weight, bias in units.values())


def receipt(cut_off: float, units: Units, test: Batch, train: Batch, seconds: float) -> Receipt:
    got = errors(units, test)
    others = ", ".join(
        f"{name.removeprefix('pairwise-')} {got[name]:.2f} %" for name in ("pairwise-votes", "pairwise-clipped")
    )
    name = f"pairwise-raw-{cut_off:.0e}"
    return new_receipt(
        name=name,
        chapter="01",
        ladder="linear",
        level="numpy",
        title=f"45 pairwise units, raw outputs, singular values below {cut_off:.0e} of the largest left out",
        metric="test error",
        unit="%",
        values={0: got["pairwise-raw"]},
        paper_value=7.6,
        paper_where="section III-C.1 and figure 9",
        target=None,
        dataset=f"MNIST, train: {len(train['targets'])} images, and MNIST, test: {len(test['targets'])} images",
        steps=0,
        wall_time_s={0: round(seconds, 3)},
        config={"units": len(units), "cut_off": cut_off},
        notes=f"by python 01_Linear_Logistic/paper/measure_cut_off.py --write; with this cut-off {others}; "
        f"the largest output of a unit on a test image is {largest_output(units, test):,.0f}",
    )


def main(*, write: bool = False) -> None:
    train, test = load_rows("mnist", "train"), load_rows("mnist", "test")
    start = time.perf_counter()
    found = units_by_cut_off(train["inputs"], train["targets"], 10, CUT_OFFS)
    seconds = time.perf_counter() - start
    for cut_off, units in found.items():
        got = ", ".join(f"{name} {error:.2f} %" for name, error in errors(units, test).items())
        print(f"cut-off {cut_off:.0e}: {got}; largest output {largest_output(units, test):,.0f}")
        if write:
            print(write_receipt(receipt(cut_off, units, test, train, seconds)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the receipts")
    main(write=parser.parse_args().write)
