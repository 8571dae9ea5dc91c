from __future__ import annotations

import numpy as np
import pytest
from label_smoothing_numpy import LabelSmoothedCrossEntropy
from schedule_numpy import transformer_schedule

from utils.parity.gradcheck import check_layer


def test_by_hand():
    """Two classes and eps = 0.2: q = (0.1, 0.9) for label 1. All tokens share eps, the right one too."""
    logits = np.array([[0.0, np.log(3.0)]])  # p = (1/4, 3/4)
    loss = LabelSmoothedCrossEntropy(0.2).forward(logits, np.array([1]))
    assert loss == pytest.approx(-(0.1 * np.log(0.25) + 0.9 * np.log(0.75)))


def test_smallest_where_the_probabilities_are_the_smoothed_ones():
    """The gradient p - q is zero at p = q: the model is not rewarded for certainty (section 5.4)."""
    criterion = LabelSmoothedCrossEntropy(0.1)
    q = np.full(5, 0.02)
    q[3] += 0.9
    loss = criterion.forward(np.log(q)[None], np.array([3]))
    np.testing.assert_allclose(criterion.backward(), 0, atol=1e-15)
    assert loss == pytest.approx(-(q * np.log(q)).sum())  # the entropy of q, above zero


def test_padding_does_not_count():
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=(2, 5, 7)), rng.integers(1, 7, (2, 5))
    labels[0, 3:] = 0
    criterion = LabelSmoothedCrossEntropy(0.1)
    loss = criterion.forward(logits, labels)
    gradient = criterion.backward()
    assert (gradient[0, 3:] == 0).all() and gradient[labels != 0].any(axis=-1).all()
    assert loss == pytest.approx(LabelSmoothedCrossEntropy(0.1).forward(logits[labels != 0], labels[labels != 0]))
    other = LabelSmoothedCrossEntropy(0.1, pad=6)
    assert other.forward(logits, np.where(labels == 6, 5, labels)) != pytest.approx(loss)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.7])
def test_gradient_by_central_differences(smoothing):
    rng = np.random.default_rng(0)
    labels = np.array([[1, 0, 3], [2, 2, 0]])
    findings = check_layer(LabelSmoothedCrossEntropy(smoothing), (rng.normal(size=(2, 3, 5)), labels), rng)
    assert all(f.status != "failed" for f in findings), findings


def test_extremes_stay_finite():
    criterion = LabelSmoothedCrossEntropy(0.1)
    loss = criterion.forward(np.array([[1e4, -1e4, 0.0]]), np.array([1]))
    assert np.isfinite(loss) and np.isfinite(criterion.backward()).all()


def test_what_is_refused():
    criterion = LabelSmoothedCrossEntropy(0.1)
    with pytest.raises(ValueError, match=r"smoothing must be in \[0, 1\), got 1"):
        LabelSmoothedCrossEntropy(1.0)
    with pytest.raises(ValueError, match=r"labels of shape \(2, 3\).* got \(3, 2\)"):
        criterion.forward(np.zeros((2, 3, 5)), np.ones((3, 2), dtype=int))
    with pytest.raises(ValueError, match="labels from 0 to 4, got 5"):
        criterion.forward(np.zeros((2, 5)), np.array([1, 5]))
    with pytest.raises(ValueError, match="nothing but padding"):
        criterion.forward(np.zeros((2, 5)), np.array([0, 0]))


def test_learning_rate():
    """Up to the end of the warm-up it rises in a straight line; then it falls with the root (equation 3)."""
    rates = [transformer_schedule(step, 512) for step in range(1, 10_001)]
    assert int(np.argmax(rates)) + 1 == 4000
    assert rates[3999] == pytest.approx(6.99e-4, rel=1e-3)
    np.testing.assert_allclose(np.diff(rates[:4000]), rates[0], rtol=1e-9)
    for step, warmup in ((0, 4000), (-1, 4000), (1, 0)):
        with pytest.raises(ValueError, match="counts from 1"):
            transformer_schedule(step, 512, warmup)
    assert transformer_schedule(4, 16, warmup=1) == pytest.approx(0.125, rel=1e-12)  # 16^-0.5 4^-0.5
