"""Penalties, the proximal step, and the two solvers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from linear_numpy import least_squares
from regularized_numpy import L2Penalty, ProximalGradient, l1_penalty, lasso, ridge, soft_threshold

from utils.parity.gradcheck import check_layer


@given(st.integers(0, 2**32 - 1), st.floats(0.01, 10))
def test_l2_gradients(seed: int, alpha: float) -> None:
    rng = np.random.default_rng(seed)
    findings = check_layer(L2Penalty(alpha), (rng.standard_normal((3, 5)),), rng)
    assert all(f.ok for f in findings), findings


@given(st.floats(-5, 5), st.floats(0, 3))
def test_soft_threshold_minimises(w: float, t: float) -> None:
    """No point of a grid has a smaller (v - w)^2 / 2 + t |v|."""
    best = float(soft_threshold(np.array(w), t))
    grid = np.append(np.linspace(-6, 6, 1201), 0.0)
    objective = lambda v: (v - w) ** 2 / 2 + t * np.abs(v)  # noqa: E731
    assert objective(best) <= objective(grid).min() + 1e-12


def test_soft_threshold_by_hand() -> None:
    np.testing.assert_array_equal(
        soft_threshold(np.array([3.0, 1.0, 0.5, -0.5, -3.0]), 1.0), [2.0, 0.0, 0.0, 0.0, -2.0]
    )


def test_ridge_limits() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((20, 4)), rng.standard_normal((20, 2))
    for got, want in zip(ridge(x, y, 0.0), least_squares(x, y), strict=True):
        np.testing.assert_allclose(got, want, atol=1e-12)
    weight, bias = ridge(x, y, 1e12)
    assert np.abs(weight).max() < 1e-9
    np.testing.assert_allclose(bias, y.mean(axis=0), atol=1e-9)  # the bias is not penalised


def test_ridge_solves_the_penalised_normal_equations() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((20, 4)), rng.standard_normal((20, 2))
    xc, yc = x - x.mean(axis=0), y - y.mean(axis=0)
    weight, _ = ridge(x, y, 0.8)
    np.testing.assert_allclose((xc.T @ xc + 0.8 * np.eye(4)) @ weight.T, xc.T @ yc, atol=1e-12)


def test_lasso_of_orthonormal_features_is_soft_thresholding() -> None:
    """With X^T X = n I the problem splits: each weight is the least-squares one, thresholded by alpha."""
    rng = np.random.default_rng(2)
    raw = rng.standard_normal((50, 4))
    q = np.linalg.qr(raw - raw.mean(axis=0))[0] * np.sqrt(50)
    y = q @ np.array([[2.0], [0.3], [-1.0], [0.05]]) + 3.0
    weight, bias = lasso(q, y, 0.5)
    np.testing.assert_allclose(weight, [[1.5, 0.0, -0.5, 0.0]], atol=1e-12)
    np.testing.assert_allclose(bias, [3.0])


def test_lasso_objective_never_grows() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.standard_normal((30, 5)), rng.standard_normal((30, 1))
    params = {"linear.weight": rng.standard_normal((1, 5)), "linear.bias": np.zeros(1)}
    step = 30 / np.linalg.svd(np.column_stack([x, np.ones(30)]), compute_uv=False)[0] ** 2
    optimizer = ProximalGradient(params, lr=step, alpha=0.2)
    objectives = []
    for _ in range(50):
        residual = x @ params["linear.weight"].T + params["linear.bias"] - y
        objectives.append(float((residual**2).sum() / 60) + l1_penalty(params["linear.weight"], 0.2))
        optimizer.step({"linear.weight": residual.T @ x / 30, "linear.bias": residual.mean(axis=0)})
    assert np.all(np.diff(objectives) <= 1e-12)
    assert objectives[-1] < objectives[0]


def test_without_a_penalty_a_proximal_step_is_a_gradient_step() -> None:
    weight, grad = np.array([[1.0, -2.0]]), np.array([[0.5, 4.0]])
    ProximalGradient({"linear.weight": weight}, lr=0.1, alpha=0.0).step({"linear.weight": grad})
    np.testing.assert_allclose(weight, [[0.95, -2.4]])


@pytest.mark.parametrize("value", [0.0, 0.1])  # the mean of 0.1s is not exactly 0.1
@pytest.mark.parametrize("alpha", [0.0, 0.01])
def test_lasso_gives_constant_features_no_weight(value: float, alpha: float) -> None:
    rng = np.random.default_rng(4)
    x, y = np.full((7, 2), value), rng.standard_normal((7, 2))
    weight, bias = lasso(x, y, alpha, max_steps=3)
    np.testing.assert_array_equal(weight, np.zeros((2, 2)))
    np.testing.assert_array_equal(bias, y.mean(axis=0))
    varied = rng.standard_normal((7, 1))
    weight, bias = lasso(np.concatenate([x, varied], axis=1), y, alpha)
    np.testing.assert_array_equal(weight[:, :2], np.zeros((2, 2)))
    for got, want in zip((weight[:, 2:], bias), lasso(varied, y, alpha), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12)


def test_refusals() -> None:
    x, y = np.zeros((3, 2)), np.zeros((3, 1))
    assert L2Penalty(0.0).forward(np.ones(3)) == 0.0  # no penalty is one, too
    for refuse in (lambda: L2Penalty(-1.0), lambda: ridge(x, y, -1.0), lambda: lasso(x, y, -1.0)):
        with pytest.raises(ValueError, match="alpha >= 0, got -1"):
            refuse()
    for name, solve in (("ridge", ridge), ("lasso", lasso)):
        with pytest.raises(ValueError, match=rf"{name} expected .* with n >= 1, got \(3, 2\) and \(3,\)"):
            solve(x, np.zeros(3), 1.0)
        with pytest.raises(ValueError, match=rf"{name} expected .* with n >= 1, got \(3, 2\) and \(4, 1\)"):
            solve(x, np.zeros((4, 1)), 1.0)
        with pytest.raises(ValueError, match=rf"{name} expected .* with n >= 1, got \(0, 2\) and \(0, 1\)"):
            solve(x[:0], y[:0], 1.0)
    with pytest.raises(ValueError, match="empty"):
        L2Penalty(1.0).forward(np.zeros((0, 2)))
    rng = np.random.default_rng(0)
    with pytest.raises(RuntimeError, match="did not converge in 3 steps"):
        lasso(rng.standard_normal((9, 2)), rng.standard_normal((9, 1)), 0.01, max_steps=3)
