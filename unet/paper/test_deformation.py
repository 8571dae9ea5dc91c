import time

import numpy as np
import pytest
from deformation import change_grey, cubic_weights, deformed_grid, displacements, sample, straight_grid


def rng(seed=0):
    return np.random.default_rng(seed)


def test_displacements_pass_through_the_coarse_grid():
    """Seen at its nine points the fine field is the coarse one, and its spread is sigma."""
    coarse = 10.0 * rng().standard_normal((2, 3, 3))
    field = displacements(rng(), 41, 61, sigma=10.0)
    np.testing.assert_allclose(field[:, ::20, ::30], coarse, atol=1e-12)
    drawn = np.stack([displacements(rng(n), 5, 5, sigma=10.0)[:, ::2, ::2] for n in range(300)])
    assert drawn.std() == pytest.approx(10.0, rel=0.05)


def test_three_points_give_a_parabola():
    """A cubic spline through three points without a kink (not-a-knot) is the parabola through them."""
    x = np.linspace(0, 1, 9)
    np.testing.assert_allclose(cubic_weights(9, 3) @ np.array([0.0, 1.0, 0.0]), 4 * x * (1 - x), atol=1e-14)
    np.testing.assert_allclose(cubic_weights(9, 3).sum(axis=1), 1.0)


def test_labels_stay_classes():
    labels = np.where(rng().random((40, 50)) < 0.5, 0, 2)
    grid = deformed_grid(rng(1), labels.shape, 60)
    moved = sample(labels, grid, nearest=True)
    assert set(np.unique(moved)) == {0, 2}
    assert moved.dtype == labels.dtype
    assert 1.0 in sample(labels.astype(float), grid).round(
        1
    )  # what interpolation would make: a class that is not there


def test_image_and_labels_move_alike():
    image = np.zeros((60, 60))
    image[20:40, 25:45] = 1.0
    grid = deformed_grid(rng(2), image.shape, 48)
    moved, labels = sample(image, grid), sample(image.astype(int), grid, nearest=True)
    assert 0.03 < labels.mean() < 0.9
    assert np.abs(moved - labels).max() <= 0.75  # pixels on an edge alone; half a pixel on both axes
    assert np.mean((moved > 0.5) == (labels == 1)) > 0.98


def test_seeds_alone_decide():
    shape = (50, 50)
    for draw in (deformed_grid, straight_grid):
        np.testing.assert_array_equal(draw(rng(3), shape, 20), draw(rng(3), shape, 20))
        assert not np.array_equal(draw(rng(3), shape, 20), draw(rng(4), shape, 20))


def test_without_deformation_a_turn_keeps_distances():
    grid = deformed_grid(rng(5), (50, 60), 21, sigma=0.0)
    steps = np.sqrt((np.diff(grid, axis=1) ** 2).sum(axis=0)), np.sqrt((np.diff(grid, axis=2) ** 2).sum(axis=0))
    np.testing.assert_allclose(np.concatenate([step.ravel() for step in steps]), 1.0)
    assert (np.abs(grid[:, 10, 10] - (25, 30)) <= (25, 30)).all()  # the middle lies in the image


def test_half_of_the_deformed_tiles_are_mirrored():
    def is_mirrored(seed):
        (a, b), (c, d) = np.gradient(deformed_grid(rng(seed), (50, 60), 9, sigma=0.0), axis=(1, 2))
        return (a * d - b * c).mean() < 0

    assert 60 < sum(is_mirrored(seed) for seed in range(200)) < 140


def test_straight_tiles_are_pixels_and_all_eight_symmetries_occur():
    image = rng().normal(size=(40, 40))
    seen = set()
    for seed in range(80):
        grid = straight_grid(rng(seed), image.shape, 9)
        assert np.isin(sample(image, grid).round(9), image.round(9)).all()
        seen.add(tuple(np.sign(np.concatenate([grid[:, -1, 0] - grid[:, 0, 0], grid[:, 0, -1] - grid[:, 0, 0]]))))
    assert len(seen) == 8


def test_beyond_the_border_the_image_is_mirrored():
    row = np.array([[1.0, 2.0, 3.0]])
    np.testing.assert_allclose(sample(row, np.array([[[0, 0, 0]], [[-1, 3, 0.5]]])), [[2.0, 2.0, 1.5]])


def test_grey_values_change_about_their_mean():
    image = rng().normal(3.0, 2.0, (30, 30))
    changed = change_grey(rng(1), image)
    slope = (changed - changed.mean()) / (image - image.mean())
    np.testing.assert_allclose(slope, slope[0, 0])
    assert 0.8 <= slope[0, 0] <= 1.2
    assert abs(changed.mean() - image.mean()) <= 0.1
    np.testing.assert_array_equal(change_grey(rng(1), image, contrast=0.0, brightness=0.0), image)


@pytest.mark.parametrize("wrong", [{"points": 1}, {"sigma": -1.0}])
def test_fields_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError, match="at least 2 points a side"):
        displacements(rng(), 9, 9, **wrong)


def test_a_tile_of_the_paper_is_deformed_within_a_third_of_a_training_step():
    """0.02 s of CPU on the machine of the receipts; the bound is loose, for busy machines."""
    image, grid = rng().normal(size=(512, 512)), deformed_grid(rng(), (512, 512), 380)
    start = time.process_time()
    sample(image, deformed_grid(rng(1), image.shape, 380))
    assert time.process_time() - start < 0.3
    assert grid.shape == (2, 380, 380)
