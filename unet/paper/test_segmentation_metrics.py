import numpy as np
import pytest
from segmentation_metrics import f_score, iou, pixel_error, rand_error, simple_points, warping_error
from sklearn.metrics import f1_score

FEW = (0.5,)


def halves(gap=1):
    """Two cells of 5 x 4 pixels, one column of membrane between them."""
    cells = np.ones((5, 8 + gap), dtype=bool)
    cells[:, 4 : 4 + gap] = False
    return cells


def test_pixel_error_by_hand():
    """F-score of 3 right, 1 too many, 1 missing: 6 / 8."""
    truth = np.array([[1, 1, 1, 1, 0, 0]], bool)
    p = np.array([[0.9, 0.9, 0.9, 0.1, 0.9, 0.1]])
    assert pixel_error(p, truth, FEW) == pytest.approx(1 - 6 / 8)
    assert pixel_error(p, truth) == pytest.approx(1 - 8 / 10)  # threshold 0: everything is cell, which is better still


def test_the_best_of_ten_thresholds_counts():
    truth = np.array([[1, 1, 0, 0]], bool)
    assert pixel_error(np.array([[0.3, 0.4, 0.2, 0.1]]), truth) == 0.0
    assert pixel_error(np.array([[0.3, 0.4, 0.2, 0.1]]), truth, FEW) == 1.0


def test_f_score_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    found, truth = rng.random((2, 30, 40)) < 0.3
    assert f_score(found, truth) == pytest.approx(f1_score(truth.ravel(), found.ravel()), rel=1e-14)
    assert f_score(found & False, truth & False) == 0.0


def test_rand_error_of_merged_cells_by_hand():
    """Each cell has 20 pixels, so 190 pairs; merged, 400 pairs between them are wrong: F = 2 380 / (2 380 + 400)."""
    truth = halves()
    assert rand_error(truth.astype(float), truth) == 0.0
    assert rand_error(np.ones(truth.shape), truth) == pytest.approx(1 - 760 / (760 + 400))


def test_rand_error_of_a_split_cell_by_hand():
    """One cell of 45 pixels, 990 pairs; found as two of 20 and 5 lost pixels, which count as a segment: 190 twice and 10."""
    truth = np.ones((5, 9), bool)
    right = 190 + 190 + 10
    assert rand_error(halves().astype(float), truth, FEW) == pytest.approx(1 - 2 * right / (2 * right + 990 - right))


def test_rand_error_does_not_look_at_membrane():
    """A cell found in true membrane costs nothing: only pixels of true cells are paired."""
    truth = halves(gap=3)
    p = truth.astype(float)
    p[2, 5] = 1.0
    assert rand_error(p, truth, FEW) == 0.0


def test_warping_forgives_a_shift():
    truth = np.zeros((9, 12), bool)
    truth[2:6, 2:6] = True
    assert warping_error(np.roll(truth, 2, axis=1).astype(float), truth, FEW) == 0.0
    beyond = np.roll(truth, 5, axis=1)  # no longer touches: an island missed, and one of which a last pixel stays
    assert warping_error(beyond.astype(float), truth, FEW) == pytest.approx((16 + 1) / truth.size)


def test_warping_counts_holes_and_mergers():
    truth = np.zeros((9, 9), bool)
    truth[2:7, 2:7] = True
    hole = truth.copy()
    hole[4, 4] = False
    assert warping_error(hole.astype(float), truth, FEW) == pytest.approx(1 / 81)
    two = np.zeros((7, 13), bool)
    two[2:5, 2:6] = two[2:5, 7:11] = True
    merged = two.copy()
    merged[2:5, 6] = True  # each of the three pixels would join the cells on its own
    assert warping_error(merged.astype(float), two, FEW) == pytest.approx(3 / two.size)


def test_simple_points_by_hand():
    simple = simple_points()

    def index(rows):
        ring = [int(c) for row in rows for c in row if c != "."]
        return sum(bit << n for n, bit in enumerate(ring))

    assert simple[index(["111", "1.1", "000"])]  # an edge
    assert not simple[index(["000", "0.0", "000"])]  # an island
    assert not simple[index(["111", "1.1", "111"])]  # a hole
    assert not simple[index(["000", "1.1", "000"])]  # a bridge
    assert not simple[index(["100", "0.0", "000"])]  # a cell touches through edges only
    assert simple.sum() == 116


def test_warping_ends_where_no_pixel_can_move():
    """A second pass finds nothing that the queue has missed."""
    from segmentation_metrics import _left_after_warping

    rng = np.random.default_rng(0)
    truth, goal = rng.random((2, 24, 30)) < 0.6
    left = _left_after_warping(truth, goal)
    assert 0 < left < np.mean(truth != goal)


def test_iou_by_hand():
    assert iou(np.array([[1, 1, 0]], bool), np.array([[0, 1, 1]], bool)) == pytest.approx(1 / 3)
    assert iou(np.zeros((2, 2), bool), np.zeros((2, 2), bool)) == 1.0
    with pytest.raises(ValueError, match="of one shape"):
        iou(np.zeros((2, 2), bool), np.zeros((2, 3), bool))


@pytest.mark.parametrize("error", [pixel_error, rand_error, warping_error])
def test_what_is_no_probability_is_refused(error):
    truth = np.ones((2, 2), bool)
    for p in (np.full((2, 2), 1.5), np.full((2, 2), -0.5), np.full((2, 2), np.nan)):
        with pytest.raises(ValueError, match="probabilities from 0 to 1"):
            error(p, truth)
    for p in (np.ones((2, 3)), np.ones((0, 0))):
        with pytest.raises(ValueError, match="of one shape"):
            error(p, truth)
