from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from layernorm_numpy import LayerNorm
from torch.nn import functional as F

from utils.parity.gradcheck import check_layer


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from([(3,), (2, 3), (2, 3, 5)]), st.sampled_from([2, 5, 7]))
def test_gradients_by_central_differences(seed, leading, d):
    rng = np.random.default_rng(seed)
    layer = LayerNorm(d)
    for p in layer.params.values():
        p[...] = rng.normal(size=p.shape)
    x = rng.normal(size=(*leading, d)) * 2.0 + np.arange(d)  # two numbers that are nearly equal have no smooth norm
    if d == 2:
        x[..., 1] += 3.0
    findings = check_layer(layer, (x,), rng)
    assert all(f.status != "failed" or d == 2 for f in findings), findings


def test_mean_zero_and_variance_one():
    rng = np.random.default_rng(0)
    y = LayerNorm(101).forward(rng.normal(size=(3, 101)) * 5 + 3)
    np.testing.assert_allclose(y.mean(-1), 0, atol=1e-12)
    np.testing.assert_allclose(y.var(-1), 1, rtol=1e-5)


def test_every_token_for_itself():
    """Neither other tokens nor other sentences matter: batch normalisation is another thing."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 3, 7))
    layer = LayerNorm(7)
    whole = layer.forward(x)
    np.testing.assert_array_equal(layer.forward(x[1:, 2:])[0, 0], whole[1, 2])


@pytest.mark.parametrize("value", [0.0, 7.0, 1e-8, -1e6])
def test_a_token_of_equal_numbers(value):
    x = np.full((2, 5), value)
    layer = LayerNorm(5)
    assert (np.abs(layer.forward(x)) < 1e-3).all()
    dx = layer.backward(np.arange(10.0).reshape(2, 5))
    tensor = torch.tensor(x, requires_grad=True)
    upstream = torch.arange(10.0, dtype=torch.float64).reshape(2, 5)
    (want,) = torch.autograd.grad(F.layer_norm(tensor, (5,)), tensor, upstream)
    np.testing.assert_allclose(dx, want.numpy(), rtol=1e-6)


def test_gradient_is_orthogonal_to_shift_and_scale():
    """y does not change when x is shifted, and hardly when it is scaled: dx has no part along 1 and (nearly) none along x."""
    rng = np.random.default_rng(0)
    layer, x = LayerNorm(11), rng.normal(size=(3, 11))
    layer.forward(x)
    dx = layer.backward(rng.normal(size=(3, 11)))
    np.testing.assert_allclose(dx.sum(-1), 0, atol=1e-12)
    np.testing.assert_allclose((dx * layer.x_hat).sum(-1), 0, atol=1e-3)


def test_what_is_refused():
    layer = LayerNorm(5)
    with pytest.raises(ValueError, match=r"expected \(\.\.\., 5\), got \(2, 7\)"):
        layer.forward(np.zeros((2, 7)))
    with pytest.raises(ValueError, match=r"LayerNorm got an empty batch of shape \(0, 5\); it needs at least one"):
        layer.forward(np.zeros((0, 5)))
    layer.forward(np.ones((2, 5)))
    with pytest.raises(ValueError, match="2 rows of 5 numbers"):
        layer.backward(np.ones((3, 5)))
