"""Sigmoid, softmax and the cross-entropies: gradients, extremes, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from logistic_numpy import (
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    LogisticRegression,
    Sigmoid,
    SigmoidUnits,
    SoftmaxRegression,
    log_softmax,
    newton,
    one_hot,
    sigmoid,
    softmax,
)

from utils.parity.gradcheck import check_layer

SEEDS = st.integers(0, 2**32 - 1)


def all_ok(findings: list) -> None:
    assert findings
    assert all(f.ok for f in findings), [f"{f.what}: {f.message}" for f in findings if not f.ok]


@given(SEEDS, st.lists(st.integers(1, 4), min_size=1, max_size=2))
def test_bce_gradients(seed: int, shape: list[int]) -> None:
    rng = np.random.default_rng(seed)
    all_ok(check_layer(BCEWithLogitsLoss(), (3 * rng.standard_normal(shape), rng.uniform(size=shape)), rng))


@given(SEEDS, st.lists(st.integers(1, 4), min_size=1, max_size=2), st.integers(2, 5))
def test_cross_entropy_gradients(seed: int, lead: list[int], classes: int) -> None:
    rng = np.random.default_rng(seed)
    all_ok(
        check_layer(CrossEntropyLoss(), (rng.standard_normal((*lead, classes)), rng.integers(0, classes, lead)), rng)
    )


@given(SEEDS)
def test_sigmoid_gradients(seed: int) -> None:
    rng = np.random.default_rng(seed)
    all_ok(check_layer(Sigmoid(), (rng.standard_normal((3, 4)),), rng))


@given(st.lists(st.floats(-1e4, 1e4), min_size=2, max_size=6), st.floats(-1e3, 1e3))
def test_softmax_is_a_distribution_that_ignores_a_constant(z: list[float], constant: float) -> None:
    logits = np.array(z)
    p = softmax(logits)
    assert p.sum() == pytest.approx(1.0)
    assert np.all(p >= 0)
    np.testing.assert_allclose(softmax(logits + constant), p, atol=1e-10)
    np.testing.assert_allclose(np.exp(log_softmax(logits)), p, atol=1e-12)


@given(st.floats(-1e4, 1e4))
def test_sigmoid_is_symmetric(z: float) -> None:
    assert sigmoid(np.array(z)) + sigmoid(np.array(-z)) == pytest.approx(1.0)


@pytest.mark.filterwarnings("error")
def test_extreme_logits_stay_finite_and_exact() -> None:
    np.testing.assert_array_equal(sigmoid(np.array([-1e4, 0.0, 1e4])), [0.0, 0.5, 1.0])
    assert sigmoid(np.array(-40.0)) == pytest.approx(np.exp(-40.0), rel=1e-12)
    criterion = BCEWithLogitsLoss()
    assert criterion.forward(np.array([1e4, -1e4]), np.array([0.0, 1.0])) == 1e4
    np.testing.assert_array_equal(criterion.backward(), [0.5, -0.5])
    criterion = CrossEntropyLoss()
    assert criterion.forward(np.array([[1e4, -1e4]]), np.array([1])) == 2e4
    np.testing.assert_array_equal(criterion.backward(), [[1.0, -1.0]])
    assert criterion.forward(np.array([[1e4, -1e4]]), np.array([0])) == 0.0


def test_uniform_logits_cost_log_k() -> None:
    assert CrossEntropyLoss().forward(np.zeros((3, 10)), np.array([0, 4, 9])) == pytest.approx(np.log(10))


def test_two_classes_of_softmax_are_logistic_regression() -> None:
    """softmax((0, z))_1 = sigmoid(z), so the two losses agree."""
    z, t = np.random.default_rng(0).standard_normal(7), np.array([0, 1, 1, 0, 1, 0, 0])
    two = np.stack([np.zeros(7), z], axis=1)
    assert CrossEntropyLoss().forward(two, t) == pytest.approx(BCEWithLogitsLoss().forward(z, t.astype(float)))


def test_logistic_loss_is_convex() -> None:
    """On any line through weight space the loss lies below its chords (theory.md, section 7)."""
    rng = np.random.default_rng(1)
    x, t = rng.standard_normal((9, 4)), rng.integers(0, 3, 9)
    a, b = rng.standard_normal((3, 4)), rng.standard_normal((3, 4))
    loss = lambda w: CrossEntropyLoss().forward(x @ w.T, t)  # noqa: E731
    for s in np.linspace(0, 1, 11):
        assert loss(s * a + (1 - s) * b) <= s * loss(a) + (1 - s) * loss(b) + 1e-12


def test_newton_gradient_vanishes() -> None:
    rng = np.random.default_rng(2)
    x, t = rng.standard_normal((40, 3)), rng.integers(0, 2, 40).astype(float)
    weight, bias = newton(x, t, l2=0.1)
    p = sigmoid(x @ weight[0] + bias[0])
    assert np.abs(x.T @ (p - t) / 40 + 0.1 * weight[0]).max() < 1e-13
    assert abs((p - t).mean()) < 1e-13


def test_separable_classes_have_no_minimiser_without_a_penalty() -> None:
    x = np.array([[-2.0], [-1.0], [1.0], [2.0]])
    with pytest.raises(RuntimeError, match=r"newton .* with l2=0\.0"):
        newton(x, np.array([0.0, 0.0, 1.0, 1.0]), l2=0.0)
    with pytest.raises(RuntimeError, match=r"newton did not converge in 3 steps; with l2=0\.0"):
        newton(x, np.array([0.0, 0.0, 1.0, 1.0]), l2=0.0, max_steps=3)


def test_refusals() -> None:
    logits, ce, bce = np.zeros((4, 3)), CrossEntropyLoss(), BCEWithLogitsLoss()
    with pytest.raises(ValueError, match="labels from 0 to 2, got 3"):
        ce.forward(logits, np.array([0, 1, 3, 2]))
    with pytest.raises(ValueError, match="labels from 0 to 2, got -1"):
        ce.forward(logits, np.array([0, -1, 1, 2]))
    with pytest.raises(ValueError, match=r"targets of shape \(4,\) for logits \(4, 3\), got \(4, 1\)"):
        ce.forward(logits, np.zeros((4, 1), dtype=int))
    with pytest.raises(ValueError, match="integer class labels, got float64"):
        ce.forward(logits, np.zeros(4))
    with pytest.raises(ValueError, match="empty batch"):
        ce.forward(np.zeros((0, 3)), np.zeros(0, dtype=int))
    with pytest.raises(ValueError, match=r"targets of shape \(4, 3\), got \(4,\)"):
        bce.forward(logits, np.zeros(4))
    with pytest.raises(ValueError, match="empty batch"):
        bce.forward(np.zeros(0), np.zeros(0))
    with pytest.raises(ValueError, match=r"targets in \[0, 1\], got values from 0.0 to 2.0"):
        bce.forward(np.zeros(2), np.array([0.0, 2.0]))
    with pytest.raises(ValueError, match="empty batch"):
        Sigmoid().forward(np.zeros((0, 2)))
    with pytest.raises(ValueError, match="labels from 0 to 2"):
        one_hot(np.array([0, 3]), 3)
    rng = np.random.default_rng(0)
    for model in (LogisticRegression(6, rng=rng), SoftmaxRegression(6, 3, rng=rng), SigmoidUnits(6, 3, rng=rng)):
        with pytest.raises(ValueError, match=r"with 6 features, got \(4, 3\)"):
            model.forward(logits)


def test_float32_stays_float32() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((5, 4), dtype=np.float32)
    for model, criterion, targets in (
        (LogisticRegression(4, rng=rng, dtype=np.float32), BCEWithLogitsLoss(), np.ones(5, dtype=np.float32)),
        (SoftmaxRegression(4, 3, rng=rng, dtype=np.float32), CrossEntropyLoss(), np.ones(5, dtype=np.int64)),
    ):
        criterion.forward(model.forward(x), targets)
        assert model.backward(criterion.backward()).dtype == np.float32
        assert all(grad.dtype == np.float32 for grad in model.grads.values())
    units = SigmoidUnits(4, 3, rng=rng, dtype=np.float32)
    assert units.forward(x).dtype == np.float32
