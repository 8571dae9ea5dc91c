"""What the ladder does not cover of the low level: leaves, refusals, extremes, and the gradients that autograd finds."""

from __future__ import annotations

import pytest
import torch
from linear_lowlevel import GradientDescent, init_linear, least_squares, linear_regression, mse_loss, training_step
from logistic_lowlevel import bce_with_logits, cross_entropy, sigmoid, softmax
from regularized_lowlevel import lasso, ridge, soft_threshold
from torch.nn import functional as F


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_parameters_are_leaves() -> None:
    params = init_linear(5, 3, generator=generator())
    assert all(p.is_leaf and p.requires_grad for p in params.values())
    mse_loss(linear_regression(params, torch.ones(2, 5)), torch.zeros(2, 3)).backward()
    assert all(p.grad is not None for p in params.values())


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")
def test_the_fault_of_a_scaled_parameter() -> None:
    """What this chapter's code.md warns of, shown: the scaled tensor never receives a gradient, the optimizer says so."""
    weight = torch.randn(3, 5, generator=generator(), requires_grad=True) * 0.01
    params = {"linear.weight": weight, "linear.bias": torch.zeros(3, requires_grad=True)}
    mse_loss(linear_regression(params, torch.ones(2, 5)), torch.zeros(2, 3)).backward()
    assert not weight.is_leaf
    assert weight.grad is None
    with pytest.raises(RuntimeError, match=r"parameter linear\.weight has no gradient: is it a leaf"):
        GradientDescent(params).step()


def test_same_generator_same_weights() -> None:
    a, b = (init_linear(5, 3, generator=generator(7))["linear.weight"] for _ in range(2))
    assert torch.equal(a, b)


def test_training_step_lowers_the_loss() -> None:
    params = init_linear(4, 2, generator=generator())
    x, t = torch.randn(6, 4, generator=generator(1)), torch.randn(6, 2, generator=generator(2))
    optimizer = GradientDescent(params, lr=0.1)
    losses = [training_step(params, mse_loss, optimizer, x, t) for _ in range(5)]
    assert losses == sorted(losses, reverse=True)


@pytest.mark.parametrize("z", [-1e4, -800.0, -40.0, -1e-9, 0.0, 1e-9, 40.0, 800.0, 1e4])
def test_extreme_logits(z: float) -> None:
    """Values and autograd gradients equal torch's own, at logits where naive formulas overflow."""
    for target in (0.0, 1.0):
        ours, theirs = (torch.tensor([z], dtype=torch.float64, requires_grad=True) for _ in range(2))
        t = torch.tensor([target], dtype=torch.float64)
        a, b = bce_with_logits(ours, t), F.binary_cross_entropy_with_logits(theirs, t)
        a.backward()
        b.backward()
        torch.testing.assert_close(a, b)
        torch.testing.assert_close(ours.grad, theirs.grad)
    x = torch.tensor([z], dtype=torch.float64, requires_grad=True)
    sigmoid(x).sum().backward()
    assert x.grad is not None
    s = torch.sigmoid(x.detach())
    torch.testing.assert_close(sigmoid(x.detach()), s)
    torch.testing.assert_close(x.grad, s * (1 - s))


def test_softmax_and_cross_entropy_of_extremes() -> None:
    logits = torch.tensor([[1e4, -1e4, 0.0], [3.0, 3.0, 3.0]], dtype=torch.float64, requires_grad=True)
    targets = torch.tensor([1, 2])
    torch.testing.assert_close(softmax(logits), logits.softmax(-1))
    (ours,) = torch.autograd.grad(cross_entropy(logits, targets), logits)
    (theirs,) = torch.autograd.grad(F.cross_entropy(logits, targets), logits)
    torch.testing.assert_close(ours, theirs)


def test_soft_threshold_is_softshrink() -> None:
    w = torch.randn(50, generator=generator())
    torch.testing.assert_close(soft_threshold(w, 0.4), F.softshrink(w, 0.4))


@pytest.mark.parametrize("value", [0.0, 0.1])  # the mean of 0.1s is not exactly 0.1
@pytest.mark.parametrize("alpha", [0.0, 0.01])
def test_lasso_gives_constant_features_no_weight(value: float, alpha: float) -> None:
    y = torch.randn(7, 2, dtype=torch.float64, generator=generator())
    weight, bias = lasso(torch.full((7, 2), value, dtype=torch.float64), y, alpha, max_steps=3)
    assert torch.equal(weight, torch.zeros(2, 2, dtype=torch.float64))
    assert torch.equal(bias, y.mean(dim=0))


@pytest.mark.parametrize("shapes", [((4,), (4, 1)), ((4, 2), (4,)), ((4, 2), (3, 1)), ((0, 2), (0, 1))])
def test_solvers_refuse_what_is_no_table_of_examples(shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    x, y = torch.ones(shapes[0]), torch.ones(shapes[1])
    for name, solve in (
        ("least_squares", lambda: least_squares(x, y)),
        ("ridge", lambda: ridge(x, y, 1.0)),
        ("lasso", lambda: lasso(x, y, 1.0)),
    ):
        with pytest.raises(ValueError, match=rf"^{name} expected x \(n, in\) and y \(n, out\) with n >= 1, got"):
            solve()


def test_nothing_moves_when_a_later_parameter_has_no_gradient() -> None:
    params = init_linear(3, 2, generator=generator())
    before = params["linear.weight"].detach().clone()
    params["linear.weight"].grad = torch.ones(2, 3)
    with pytest.raises(RuntimeError, match=r"linear\.bias has no gradient"):
        GradientDescent(params).step()
    assert torch.equal(params["linear.weight"], before)


def test_refusals() -> None:
    with pytest.raises(ValueError, match=r"expected a target of shape \(4, 1\), got \(4,\)"):
        mse_loss(torch.zeros(4, 1), torch.zeros(4))
    with pytest.raises(ValueError, match=r"expected targets of shape \(4,\), got \(4, 1\)"):
        bce_with_logits(torch.zeros(4), torch.zeros(4, 1))
    with pytest.raises(ValueError, match="above 0, got -1"):
        GradientDescent({}, lr=-1)
    with pytest.raises(ValueError, match="above 0, got 0"):
        GradientDescent({}, lr=0)
    x = torch.randn(9, 2, generator=generator(), dtype=torch.float64)
    with pytest.raises(RuntimeError, match="did not converge in 3 steps"):
        lasso(x, x[:, :1] + 1, 0.01, max_steps=3)
