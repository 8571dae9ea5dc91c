"""The digits as batches, predicted classes, accuracy and error rate."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from utils.classification import accuracy, error_rate, predicted_classes, predictions
from utils.data_loaders import load_dataset
from utils.digits import digit_batches, digits

SCORES = np.array([[0.1, 0.7, 0.2], [0.5, 0.2, 0.3]])


def test_what_the_outputs_say() -> None:
    np.testing.assert_array_equal(predicted_classes({"logits": SCORES, "probabilities": -SCORES}), [1, 0])
    np.testing.assert_array_equal(predicted_classes({"outputs": SCORES, "distances": SCORES}), [0, 1])
    np.testing.assert_array_equal(predicted_classes({"logits": np.array([-0.1, 0.0, 0.1])}), [0, 0, 1])


def test_accuracy_and_error_rate() -> None:
    trainer: Any = SimpleNamespace(predict=lambda batch: {"logits": SCORES})
    assert accuracy(trainer, {"labels": np.array([1, 2])}) == 0.5
    assert accuracy(trainer, {"targets": np.array([1, 0]), "labels": np.array([0, 1])}, "targets") == 1.0
    assert error_rate(np.array([1, 2, 3]), np.array([1, 2, 4])) == pytest.approx(100 / 3)


class Second:
    """A model that finds the class in the second column."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def predict(self, batch: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        self.sizes.append(len(batch["images"]))
        return {"logits": np.eye(4)[batch["images"][:, 1].astype(int)]}


def test_predictions_come_in_order_whatever_the_size_of_a_pass() -> None:
    model: Any = Second()
    data = {"images": np.arange(14.0).reshape(7, 2) % 4, "labels": np.arange(7)}
    np.testing.assert_array_equal(predictions(model, data, rows=3), [1, 3, 1, 3, 1, 3, 1])
    assert model.sizes == [3, 3, 1]
    lower = predictions(model, data, prepare=lambda batch: {"images": batch["images"] - 1})
    np.testing.assert_array_equal(lower, [0, 2, 0, 2, 0, 2, 0])


@pytest.mark.parametrize("split", ["train", "test"])
def test_digits(split: str) -> None:
    arrays = load_dataset("digits", split).arrays
    images, rows = digits(split), digits(split, flat=True, scale=lambda grey: 20 * grey)
    assert images["images"].shape == (len(arrays["labels"]), 1, 8, 8)
    assert images["images"].dtype == rows["images"].dtype == np.float64
    np.testing.assert_array_equal(images["images"][:, 0] * 16, arrays["images"])
    np.testing.assert_array_equal(rows["images"].reshape(-1, 8, 8) / 20, arrays["images"])
    for data in (images, rows):
        np.testing.assert_array_equal(data["labels"], arrays["labels"])


def test_digit_batches_keep_images_and_labels_together() -> None:
    data = {"images": np.arange(50.0) / 2, "labels": np.arange(50)}
    drawn = list(digit_batches(data, 20, np.random.default_rng(0), 3))
    assert [len(batch["labels"]) for batch in drawn] == [20, 20, 20]
    assert len({tuple(batch["labels"]) for batch in drawn}) == 3
    for batch in drawn:
        np.testing.assert_array_equal(batch["images"] * 2, batch["labels"])


def test_a_batch_is_drawn_when_it_is_asked_for() -> None:
    """So that a climb can draw dropout masks from the same generator between two batches."""
    data, rng = {"labels": np.arange(50)}, np.random.default_rng(0)
    batches = digit_batches(data, 20, rng, 2)
    next(batches)
    state = rng.bit_generator.state
    second = next(batches)
    assert rng.bit_generator.state != state
    rng.bit_generator.state = state
    np.testing.assert_array_equal(second["labels"], rng.integers(0, 50, 20))
