import numpy as np
import pytest
import unet_data
from unet_data import draw_tile, load_slices, make_cells, make_slice, touching_cells

from utils.data_loaders import Dataset


@pytest.fixture
def six_slices(monkeypatch):
    """In place of the challenge's thirty: thirty small ones."""
    rng = np.random.default_rng(0)
    arrays = {"images": rng.integers(0, 256, (30, 24, 24)).astype(np.uint8), "labels": rng.integers(0, 2, (30, 24, 24))}
    arrays["images"][:, 0, 0] = np.arange(30)  # which slice it is
    arrays["labels"][:] = arrays["labels"][0]
    monkeypatch.setattr(unet_data, "load_dataset", lambda *args, **kwargs: Dataset("x", "train", arrays, "made up"))
    load_slices.cache_clear()
    yield arrays
    load_slices.cache_clear()


def which(data, arrays):
    """The numbers of the slices by their first pixel."""
    values = np.array([one.image[0, 0] for one in data])
    kept = [i for i in range(30) if i not in unet_data.HELD_OUT]
    pixels = arrays["images"][kept] / 255.0
    return np.round((values * pixels.std() + pixels.mean()) * 255.0).astype(int).tolist()


def test_every_sixth_slice_is_held_out(six_slices):
    train, test = which(load_slices("train"), six_slices), which(load_slices("test"), six_slices)
    assert test == [5, 11, 17, 23, 29]
    assert len(train) == 25
    assert sorted(train + test) == list(range(30))
    assert which(load_slices("train", count=3), six_slices) == [0, 1, 2]


def test_grey_values_are_scaled_by_the_training_slices(six_slices):
    train = np.stack([one.image for one in load_slices("train")])
    assert train.mean() == pytest.approx(0.0, abs=1e-6)
    assert train.std() == pytest.approx(1.0, rel=1e-6)


@pytest.mark.parametrize(
    ("wanted", "told"),
    [({"split": "val"}, "'train' and 'test', got 'val'"), ({"split": "train", "count": 26}, "25 for 'train', 26 were")],
)
def test_splits_and_counts_that_are_not_there(wanted, told, six_slices):
    with pytest.raises(ValueError, match=told):
        load_slices(**wanted)


def test_touching_cells_touch():
    image, labels = touching_cells(np.random.default_rng(0), 96)
    assert image.shape == labels.shape == (96, 96)
    assert 0.3 < labels.mean() < 0.9
    one = make_slice(image, labels)
    assert one.cells.max() > 3
    assert (one.weights > class_weight_of_background(labels) + 3).mean() > 0.01  # thin gaps between them
    assert image[labels == 1].mean() > image[labels == 0].mean() + 0.3


def class_weight_of_background(labels):
    return labels.size / (2 * (labels == 0).sum())


def test_cells_are_the_same_each_time_and_the_splits_differ():
    first = make_cells("train", count=2, side=48)
    make_cells.cache_clear()
    again, test = make_cells("train", count=2, side=48), make_cells("test", count=2, side=48)
    np.testing.assert_array_equal(first[1].image, again[1].image)
    assert not np.array_equal(first[0].image, test[0].image)
    assert not np.array_equal(first[0].image, first[1].image)


def test_without_gaps_the_weights_are_those_of_the_classes():
    (one,) = make_cells("train", count=1, side=48, gaps=False)
    assert len(np.unique(one.weights)) == 2
    assert one.weights.mean() == pytest.approx(1.0, rel=1e-6)


@pytest.mark.parametrize("elastic", [True, False])
def test_a_tile_is_one_place_of_image_labels_and_weights(elastic):
    """A slice whose image is its label: every predicted pixel still has the label that the image shows there."""
    labels = np.zeros((60, 60), dtype=np.int64)
    labels[15:45, 20:50] = 1
    one = make_slice(labels.astype(float), labels)
    for seed in range(4):
        tile = draw_tile(np.random.default_rng(seed), (one,), 44, depth=2, elastic=elastic)
        assert (tile["images"].shape, tile["labels"].shape, tile["weights"].shape) == (
            (1, 1, 44, 44),
            (1, 4, 4),
            (1, 4, 4),
        )
        inner = tile["images"][0, 0, 20:24, 20:24]
        if tile["labels"].min() < tile["labels"].max():
            assert inner[tile["labels"][0] == 1].min() > inner[tile["labels"][0] == 0].max()


def test_a_tile_for_the_padded_network_has_every_label():
    tile = draw_tile(np.random.default_rng(0), make_cells("train", count=1, side=48), 32, depth=3, same=True)
    assert tile["labels"].shape == (1, 32, 32)
    assert (tile["images"].dtype, tile["weights"].dtype, tile["labels"].dtype) == (np.float32, np.float32, np.int64)


def test_one_image_is_enough_and_two_are_both_drawn():
    """With a single slice there is nothing to choose from; with two, each has its turn."""
    data = [make_slice(np.full((60, 60), value), np.zeros((60, 60), np.int64)) for value in (0.0, 9.0)]
    drawn = {draw_tile(np.random.default_rng(s), tuple(data), 44, depth=2)["images"].mean() > 4 for s in range(12)}
    assert drawn == {True, False}
    assert abs(draw_tile(np.random.default_rng(0), (data[0],), 44, depth=2)["images"]).max() < 1
