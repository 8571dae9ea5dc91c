"""Linear, MSELoss and the closed forms: gradients, refusals, and what the condition number costs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from linear_numpy import (
    GradientDescent,
    Linear,
    LinearRegression,
    MSELoss,
    least_squares,
    normal_equations,
    training_step,
    xavier_uniform,
)

from utils.parity.gradcheck import check_layer

SEEDS = st.integers(0, 2**32 - 1)


def all_ok(findings: list) -> None:
    assert findings
    assert all(f.ok for f in findings), [f"{f.what}: {f.message}" for f in findings if not f.ok]


@given(SEEDS, st.lists(st.integers(1, 4), max_size=2), st.integers(1, 5), st.integers(1, 5))
def test_linear_gradients(seed: int, lead: list[int], features: int, outputs: int) -> None:
    rng = np.random.default_rng(seed)
    layer = Linear(features, outputs, rng=rng)
    layer.params["bias"][...] = rng.standard_normal(outputs)
    all_ok(check_layer(layer, (rng.standard_normal((*lead, features)),), rng))


@given(SEEDS, st.lists(st.integers(1, 4), min_size=1, max_size=3))
def test_mse_gradients(seed: int, shape: list[int]) -> None:
    rng = np.random.default_rng(seed)
    inputs = (rng.standard_normal(shape), rng.standard_normal(shape))
    criterion = MSELoss()
    all_ok(check_layer(criterion, inputs, rng))
    assert criterion.forward(*inputs) == pytest.approx(float(((inputs[0] - inputs[1]) ** 2).mean()))


def test_by_hand() -> None:
    layer = Linear(2, 1, rng=np.random.default_rng(0))
    layer.params["weight"][...] = [[2.0, -1.0]]
    layer.params["bias"][...] = [0.5]
    x = np.array([[1.0, 3.0], [2.0, 1.0]])
    np.testing.assert_array_equal(layer.forward(x), [[-0.5], [3.5]])
    dx = layer.backward(np.array([[1.0], [10.0]]))
    np.testing.assert_array_equal(layer.grads["weight"], [[21.0, 13.0]])  # 1 * (1, 3) + 10 * (2, 1)
    np.testing.assert_array_equal(layer.grads["bias"], [11.0])
    np.testing.assert_array_equal(dx, [[2.0, -1.0], [20.0, -10.0]])


@pytest.mark.parametrize("shape", [(4, 3), (), (5,), (0, 6)])
def test_linear_refuses(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"Linear .*\(" if shape else "Linear expected"):
        Linear(6, 2, rng=np.random.default_rng(0)).forward(np.zeros(shape))


def test_messages_say_expected_and_got() -> None:
    layer = Linear(6, 2, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"expected \(\.\.\., 6\) with 6 features, got \(4, 3\)"):
        layer.forward(np.zeros((4, 3)))
    layer.forward(np.zeros((4, 6)))
    with pytest.raises(ValueError, match=r"expected dy of shape \(4, 2\), as forward returned, got \(4,\)"):
        layer.backward(np.zeros(4))
    with pytest.raises(ValueError, match=r"expected a target of shape \(4, 1\), got \(4,\)"):
        MSELoss().forward(np.zeros((4, 1)), np.zeros(4))
    with pytest.raises(ValueError, match="empty batch"):
        MSELoss().forward(np.zeros((0, 1)), np.zeros((0, 1)))
    with pytest.raises(ValueError, match="above 0, got 0"):
        GradientDescent(layer.params, lr=0)
    for solve in (least_squares, normal_equations):
        with pytest.raises(ValueError, match=rf"{solve.__name__} expected .* got \(4, 2\) and \(4,\)"):
            solve(np.zeros((4, 2)), np.zeros(4))
        for x, y in (((4,), (4, 1)), ((4, 2), (3, 1)), ((0, 2), (0, 1))):
            with pytest.raises(ValueError, match=rf"{solve.__name__} expected .* with n >= 1, got \({x[0]}, ?.*\) and"):
                solve(np.zeros(x), np.zeros(y))


@pytest.mark.parametrize(
    ("grads", "message"),
    [
        ({"weight": np.ones((2, 3))}, r"names differ between parameters and gradients: \['bias'\]"),
        ({"weight": np.ones((2, 3)), "bias": np.ones(2), "b": np.ones(2)}, r"parameters and gradients: \['b'\]"),
        ({"weight": np.ones((2, 3)), "bias": np.ones(1)}, r"bias has shape \(2,\), its gradient \(1,\)"),
    ],
)
def test_gradient_descent_refuses_before_anything_moves(grads: dict[str, np.ndarray], message: str) -> None:
    params = {"weight": np.zeros((2, 3)), "bias": np.zeros(2)}
    with pytest.raises(ValueError, match=f"GradientDescent.step: .*{message}"):
        GradientDescent(params).step(grads)
    assert not any(p.any() for p in params.values())


def test_float32_stays_float32() -> None:
    rng = np.random.default_rng(0)
    model = LinearRegression(3, 2, rng=rng, dtype=np.float32)
    x, y = rng.standard_normal((5, 3), dtype=np.float32), rng.standard_normal((5, 2), dtype=np.float32)
    criterion = MSELoss()
    assert model.forward(x).dtype == np.float32
    criterion.forward(model.forward(x), y)
    assert criterion.backward().dtype == np.float32
    assert model.backward(criterion.backward()).dtype == np.float32
    GradientDescent(model.params).step(model.grads)
    assert {p.dtype for p in model.params.values()} == {np.dtype(np.float32)}


def test_training_step_is_the_update_of_the_theory() -> None:
    """One step by the code equals W - lr * 2/N (p - t)^T x, written out."""
    rng = np.random.default_rng(3)
    model = LinearRegression(4, 2, rng=rng)
    x, t = rng.standard_normal((5, 4)), rng.standard_normal((5, 2))
    before = {name: p.copy() for name, p in model.params.items()}
    error = x @ before["linear.weight"].T + before["linear.bias"] - t
    loss = training_step(model, MSELoss(), GradientDescent(model.params, lr=0.3), x, t)
    assert loss == pytest.approx((error**2).mean())
    np.testing.assert_allclose(model.params["linear.weight"], before["linear.weight"] - 0.3 * 2 / 10 * error.T @ x)
    np.testing.assert_allclose(model.params["linear.bias"], before["linear.bias"] - 0.3 * 2 / 10 * error.sum(axis=0))


def test_training_recovers_known_weights() -> None:
    rng = np.random.default_rng(1)
    weight, bias = np.array([[1.5, -2.0, 0.25]]), np.array([0.7])
    x = rng.standard_normal((50, 3))
    model = LinearRegression(3, 1, rng=rng)
    optimizer, criterion = GradientDescent(model.params, lr=0.3), MSELoss()
    for _ in range(200):
        training_step(model, criterion, optimizer, x, x @ weight.T + bias)
    np.testing.assert_allclose(model.params["linear.weight"], weight, rtol=1e-10)
    np.testing.assert_allclose(model.params["linear.bias"], bias, rtol=1e-10)


def test_least_squares_residual_is_orthogonal_to_the_features() -> None:
    """What the normal equations say: X^T (Y - prediction) = 0, and the residuals add up to 0."""
    rng = np.random.default_rng(2)
    x, y = rng.standard_normal((30, 4)), rng.standard_normal((30, 3))
    weight, bias = least_squares(x, y)
    residual = y - x @ weight.T - bias
    assert np.abs(x.T @ residual).max() < 1e-12
    assert np.abs(residual.sum(axis=0)).max() < 1e-12


def test_normal_equations_lose_twice_the_digits() -> None:
    """Two features that agree to 1e-6: condition number of X about 1e6, of X^T X about 1e12."""
    rng = np.random.default_rng(4)
    x = rng.standard_normal((40, 2))
    x[:, 1] = x[:, 0] + 1e-6 * x[:, 1]
    weight = np.array([[1.0, 2.0]])
    y = x @ weight.T
    through_svd = np.abs(least_squares(x, y)[0] - weight).max()
    through_gram = np.abs(normal_equations(x, y)[0] - weight).max()
    assert through_svd < 1e-8  # about 1e-16 times 1e6
    assert through_gram > 1e-6  # about 1e-16 times 1e12
    assert through_gram > 100 * through_svd


def test_least_squares_of_dependent_features_has_the_smallest_weights() -> None:
    rng = np.random.default_rng(5)
    x = rng.standard_normal((20, 2))
    x = np.concatenate([x, x[:, :1]], axis=1)  # the third feature is the first
    weight, _ = least_squares(x, 4.0 * x[:, :1])
    np.testing.assert_allclose(weight, [[2.0, 0.0, 2.0]], atol=1e-12)


def test_xavier_variance_and_not_he() -> None:
    weight = xavier_uniform(100, 300, rng=np.random.default_rng(6))
    assert weight.var() == pytest.approx(2 / 400, rel=0.03)
    assert weight.var() != pytest.approx(2 / 300, rel=0.2)
