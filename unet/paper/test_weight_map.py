import numpy as np
import pytest
from scipy import ndimage
from weight_map import class_weights, instances, two_distances, weight_map


def disc(shape, centre, radius):
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return (rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 <= radius**2


def three_discs():
    """Radius 4, in a row: 3 pixels of background between the first two, 20 between the second and the third."""
    cells = sum(disc((13, 53), (6, column), 4).astype(int) for column in (6, 17, 46))
    return cells, instances(cells)


def test_three_discs_by_hand():
    """theory.md, section 4: in the middle of the gap d1 = d2 = 2; a pixel before a disc's far side has d1 = 1, d2 = 11."""
    labels, cells = three_discs()
    assert cells.max() == 3
    w = weight_map(labels, cells)
    w_c = class_weights(labels, 2)
    gap = w[6, 11] - w_c[0]  # columns 11, 12 ... the discs end at 10 and begin at 13
    d1, d2 = 1.0, 2.0
    assert gap == pytest.approx(10 * np.exp(-((d1 + d2) ** 2) / 50), rel=1e-12)
    assert w[6, 1] - w_c[0] == pytest.approx(10 * np.exp(-((1.0 + 12.0) ** 2) / 50), rel=1e-12)
    assert w[6, 31] - w_c[0] == pytest.approx(10 * np.exp(-((10.0 + 11.0) ** 2) / 50), rel=1e-12)
    np.testing.assert_allclose(w[cells > 0], w_c[1])


def test_distances_by_cell_equal_those_over_the_whole_image():
    rng = np.random.default_rng(0)
    cells = instances(ndimage.gaussian_filter(rng.normal(size=(60, 70)), 2) > 0.05)
    assert cells.max() > 5
    all_d = np.stack([ndimage.distance_transform_edt(cells != n) for n in range(1, cells.max() + 1)])
    wanted = np.sort(all_d, axis=0)[:2]
    d1, d2 = two_distances(cells, reach=200)
    np.testing.assert_array_equal([d1, d2], wanted)
    near = two_distances(cells, reach=6)
    np.testing.assert_array_equal(near, np.where(wanted <= 6, wanted, np.inf))


def test_class_weights_are_inverse_shares_with_mean_one():
    labels = np.array([[0, 0, 0, 1], [0, 0, 0, 1]])
    weights = class_weights(labels, 3)  # 6 of 8 and 2 of 8 pixels, two classes present
    np.testing.assert_allclose(weights, [8 / (2 * 6), 8 / (2 * 2), 0.0])
    assert weights[labels].mean() == pytest.approx(1.0)


@pytest.mark.parametrize("fill", [0, 1])
def test_one_class_alone_has_weight_one_everywhere(fill):
    """All background: no cell, no gap; all cell: one cell, no gap."""
    labels = np.full((9, 11), fill)
    np.testing.assert_array_equal(weight_map(labels, instances(labels)), np.ones((9, 11)))


def test_one_cell_has_no_gap():
    labels = disc((20, 20), (10, 10), 5).astype(int)
    np.testing.assert_allclose(weight_map(labels, instances(labels)), class_weights(labels, 2)[labels])


def test_cells_that_meet_at_a_corner_are_two():
    assert instances(np.array([[1, 0], [0, 1]])).tolist() == [[1, 0], [0, 2]]


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        (np.array([[0, 2]]), "from 0 to 1, got 2"),
        (np.array([[0, -1]]), "from 0 to 1, got -1"),
        (np.array([[0.0, 1.0]]), "integer labels, got float64"),
        (np.zeros((0, 3), int), "got none at all"),
        (np.zeros((2, 2), int), "labels and cells of one shape"),
    ],
)
def test_maps_that_are_no_labels_are_refused(labels, told):
    with pytest.raises(ValueError, match=told):
        weight_map(labels, np.zeros((1, 2) if labels.size else labels.shape, np.int32))


def test_sigma_above_zero():
    with pytest.raises(ValueError, match="sigma above 0, got 0"):
        weight_map(np.zeros((2, 2), int), np.zeros((2, 2), np.int32), sigma=0)
