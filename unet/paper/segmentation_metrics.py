"""The errors of the EM segmentation challenge and the intersection over union (section 4).

The challenge's maps are probabilities of the cell interior; each error is the smallest over ten thresholds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from scipy import ndimage
from sklearn.metrics import jaccard_score
from sklearn.metrics.cluster import pair_confusion_matrix
from weight_map import instances

Array = np.ndarray
THRESHOLDS = tuple(i / 10 for i in range(10))


# --8<-- [start:pixel_error]
def pixel_error(p: Array, cells: Array, thresholds: Sequence[float] = THRESHOLDS) -> float:
    """1 - the largest F-score of the cell pixels over the thresholds; as all-cell has one, no answer is much worse.

    p: probabilities of the cell class, any shape. cells: its true mask.
    """
    truth = _checked(p, cells)
    return 1.0 - max(f_score(p > t, truth) for t in thresholds)


def f_score(found: Array, truth: Array) -> float:
    """2 TP / (2 TP + FP + FN) of two masks, 0 where both are empty; scikit-learn's takes a second for five slices."""
    # eq: pixel-f-score
    counted = np.count_nonzero(found) + np.count_nonzero(truth)  # TP + FP + TP + FN
    # eq: pixel-f-score
    return 2.0 * np.count_nonzero(found & truth) / counted if counted else 0.0


# --8<-- [end:pixel_error]


# --8<-- [start:rand_error]
def rand_error(p: Array, cells: Array, thresholds: Sequence[float] = THRESHOLDS) -> float:
    """1 - the largest F-score over the thresholds of pairs of pixels, foreground-restricted: of two pixels that lie in true
    cells, do truth and prediction agree on whether they belong to the same one? A gap of one pixel merges two cells, and
    costs all pairs between them. p, cells: (H, W)"""
    truth = instances(_checked(p, cells))
    inside = truth > 0
    return 1.0 - max(_pair_score(truth[inside], instances(p > t)[inside]) for t in thresholds)


def _pair_score(truth: Array, found: Array) -> float:
    """F-score of the pairs that share a segment. sklearn counts every pair twice."""
    (_, wrong), (missed, right) = pair_confusion_matrix(truth, found)
    return float(2 * right / (2 * right + wrong + missed)) if right + wrong + missed else 1.0


# --8<-- [end:rand_error]


# --8<-- [start:warping_error]
@lru_cache(maxsize=1)
def simple_points() -> Array:
    """Which of the 256 neighbourhoods leave the topology alone when the middle pixel changes sides: one cell component (4
    neighbours connect) and one membrane component (8 connect) touch it. Bit n of the index is neighbour n, in page order.

    Returns: (256,) booleans
    """
    bits = (np.arange(256)[:, None] >> np.arange(8)) & 1  # (256, 8)
    around = np.insert(bits, 4, 0, axis=1).reshape(-1, 3, 3)
    ring = np.ones((3, 3), dtype=bool)
    ring[1, 1] = False
    cross = ndimage.generate_binary_structure(2, 1)
    found = np.zeros(256, dtype=bool)
    for index, square in enumerate(around):
        cell_parts, _ = ndimage.label(square.astype(bool), structure=cross)
        touching = {int(n) for n in cell_parts[[0, 1, 1, 2], [1, 0, 2, 1]]} - {0}  # through an edge
        _, membranes = ndimage.label(ring & ~square.astype(bool), structure=np.ones((3, 3)))
        found[index] = len(touching) == 1 and membranes == 1
    return found


def warping_error(p: Array, cells: Array, thresholds: Sequence[float] = THRESHOLDS) -> float:
    """The smallest share, over the thresholds, of pixels at which the truth, bent without a change of topology towards the
    prediction, still differs from it: what is left are splits, mergers, holes and islands.

    The truth is bent greedily, pixel by pixel, which finds a local optimum as the challenge's own program does.
    p, cells: (H, W)
    """
    truth = _checked(p, cells)
    return min(_left_after_warping(truth, p > t) for t in thresholds)


def _left_after_warping(truth: Array, goal: Array) -> float:
    """Every pixel that differs is tried once, and again whenever a neighbour has changed."""
    simple = simple_points().tolist()
    width = truth.shape[1] + 2
    around = [di * width + dj for di in (-1, 0, 1) for dj in (-1, 0, 1) if di or dj]  # in page order
    bent, wanted = (np.pad(mask, 1).ravel().tolist() for mask in (truth, goal))  # membrane beyond the border
    differ = [here != there for here, there in zip(bent, wanted, strict=True)]
    waiting = deque(i for i, wrong in enumerate(differ) if wrong)
    queued = differ.copy()
    while waiting:
        i = waiting.popleft()
        queued[i] = False
        if simple[sum(bent[i + step] << n for n, step in enumerate(around))]:
            bent[i], differ[i] = wanted[i], False
            for step in around:
                if differ[i + step] and not queued[i + step]:
                    waiting.append(i + step)
                    queued[i + step] = True
    return sum(differ) / truth.size


# --8<-- [end:warping_error]


def iou(found: Array, truth: Array) -> float:
    """Intersection over union of two masks; 1 where both are empty."""
    if found.shape != truth.shape:
        raise ValueError(f"iou expected two masks of one shape, got {found.shape} and {truth.shape}")
    return float(jaccard_score(truth.ravel(), found.ravel(), zero_division=1.0))


def _checked(p: Array, cells: Array) -> Array:
    if p.shape != cells.shape or p.size == 0:
        raise ValueError(f"expected probabilities and labels of one shape, got {p.shape} and {cells.shape}")
    if not (np.isfinite(p).all() and p.min() >= 0 and p.max() <= 1):
        raise ValueError("expected probabilities from 0 to 1")
    return np.asarray(cells).astype(bool)
