from __future__ import annotations

import numpy as np
import pytest
import torch
from attention_numpy import (
    MultiHeadAttention,
    ScaledDotProductAttention,
    causal_mask,
    padding_mask,
    softmax,
    softmax_backward,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from utils.parity.gradcheck import check_layer


@settings(max_examples=15, deadline=None)
@given(
    st.integers(0, 2**31),
    st.sampled_from([2, 3, 5, 7]),
    st.sampled_from([2, 3, 5, 11]),
    st.sampled_from([2, 5, 7]),
    st.sampled_from([3, 5]),
    st.floats(0, 1),
)
def test_gradients_by_central_differences(seed, T, S, d_k, d_v, visible):
    rng = np.random.default_rng(seed)
    q, k, v = (rng.normal(size=(2, 3, n, d)) for n, d in ((T, d_k), (S, d_k), (S, d_v)))
    findings = check_layer(ScaledDotProductAttention(), (q, k, v, rng.random((2, 1, T, S)) < visible), rng)
    wrong = [f for f in findings if f.status == "failed" and "zero everywhere" not in f.message]
    assert not wrong, wrong  # where nothing is visible all gradients are zero


@pytest.mark.parametrize("seed", range(3))
def test_softmax_backward_is_the_jacobian(seed):
    rng = np.random.default_rng(seed)
    z, dp = rng.normal(size=7), rng.normal(size=7)
    p = softmax(z)
    jacobian = np.diag(p) - np.outer(p, p)
    np.testing.assert_allclose(softmax_backward(p, dp), jacobian @ dp, rtol=1e-12, atol=1e-14)


def test_softmax_of_extremes():
    scores = np.array([[1e4, -1e4, 0.0], [-1e4, -1e4, -1e4], [1e307, 1e307, -1e307], [-np.inf, 0.0, -np.inf]])
    p = softmax(scores)
    np.testing.assert_allclose(p, [[1, 0, 0], [1 / 3, 1 / 3, 1 / 3], [0.5, 0.5, 0], [0, 1, 0]], rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_row_that_is_hidden_is_zero(dtype):
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(2, 3, 5)).astype(dtype)
    mask = np.ones((2, 3, 5), dtype=bool)
    mask[0, 1], mask[1, 2, :4] = False, False
    p = softmax(scores, mask)
    assert p.dtype == dtype and np.isfinite(p).all()
    assert (p[0, 1] == 0).all() and p[1, 2].tolist() == [0, 0, 0, 0, 1]
    np.testing.assert_allclose(p.sum(-1), [[1, 0, 1], [1, 1, 1]], rtol=1e-6)
    ds = softmax_backward(p, rng.normal(size=p.shape).astype(dtype))
    assert (ds[0, 1] == 0).all() and (ds[~mask] == 0).all()


def test_masks_by_hand():
    assert causal_mask(3).tolist() == [[True, False, False], [True, True, False], [True, True, True]]
    tokens = np.array([[5, 7, 0], [3, 0, 0]])
    assert padding_mask(tokens).tolist() == [[[[True, True, False]]], [[[True, False, False]]]]
    assert padding_mask(tokens, pad=7)[0, 0, 0].tolist() == [True, False, True]
    assert (causal_mask(3) & padding_mask(tokens)).shape == (2, 1, 3, 3)


def test_why_the_scale():
    """Scores of random queries and keys have variance d_k; divided by sqrt(d_k) they have variance 1 (section 3.2.1)."""
    rng = np.random.default_rng(0)
    for d_k in (4, 64, 256):
        scores = rng.normal(size=(300, d_k)) @ rng.normal(size=(300, d_k)).T
        assert abs(scores.var() / d_k - 1) < 0.1
        layer = ScaledDotProductAttention()
        layer.forward(*(rng.normal(size=(300, d_k)) for _ in range(3)))
        assert layer.scale == pytest.approx(d_k**-0.5)


def test_one_head_written_with_loops():
    rng = np.random.default_rng(0)
    q, k, v = rng.normal(size=(3, 5)), rng.normal(size=(7, 5)), rng.normal(size=(7, 2))
    want = np.zeros((3, 2))
    for t in range(3):
        e = [np.exp(sum(q[t, i] * k[s, i] for i in range(5)) / 5**0.5) for s in range(7)]
        for s in range(7):
            want[t] += e[s] / sum(e) * v[s]
    np.testing.assert_allclose(ScaledDotProductAttention().forward(q, k, v), want, rtol=1e-12)


def test_heads_are_independent():
    """Two heads are two attentions on halves of the projections."""
    rng = np.random.default_rng(0)
    layer = MultiHeadAttention(6, 2, rng=rng)
    for p in layer.params.values():
        p[...] = rng.normal(size=p.shape)
    x, memory = rng.normal(size=(2, 5, 6)), rng.normal(size=(2, 7, 6))
    q, k, v = (getattr(layer, n).forward(i) for n, i in (("q", x), ("k", memory), ("v", memory)))
    halves = [ScaledDotProductAttention().forward(*(t[..., h : h + 3] for t in (q, k, v))) for h in (0, 3)]
    want = layer.out.forward(np.concatenate(halves, axis=-1))
    np.testing.assert_allclose(layer.forward(x, memory), want, rtol=1e-12, atol=1e-12)
    assert layer.weights.shape == (2, 2, 5, 7)
    np.testing.assert_allclose(layer.weights.sum(-1), 1.0)


def test_attending_to_kept_keys_and_values_is_the_forward_pass():
    rng = np.random.default_rng(0)
    layer = MultiHeadAttention(6, 2, d_k=5, rng=rng)
    x, memory, mask = rng.normal(size=(2, 5, 6)), rng.normal(size=(2, 7, 6)), rng.random((2, 1, 5, 7)) < 0.7
    k, v = layer.keys_values(memory)
    assert (k.shape, v.shape) == ((2, 2, 7, 5), (2, 2, 7, 3))
    np.testing.assert_array_equal(layer.attend(x, k, v, mask), layer.forward(x, memory, mask))
    with pytest.raises(ValueError, match=r"expected memory \(B, T, 6\), got \(7, 6\)"):
        layer.keys_values(memory[0])
    with pytest.raises(ValueError, match=r"expected x \(B, T, 6\), got \(2, 5, 4\)"):
        layer.attend(x[..., :4], k, v, mask)
    with pytest.raises(ValueError, match="1 sentences of queries and 2 of keys"):
        layer.attend(x[:1], k, v, mask)


def test_float32_stays_float32():
    rng = np.random.default_rng(0)
    layer = MultiHeadAttention(6, 2, rng=rng, dtype=np.float32)
    x = rng.normal(size=(2, 5, 6)).astype(np.float32)
    y = layer.forward(x, x, causal_mask(5))
    dx, dmemory = layer.backward(np.ones_like(y))
    assert {a.dtype for a in (y, dx, dmemory, *layer.grads.values())} == {np.dtype(np.float32)}


def test_equal_to_torch_with_every_kind_of_mask():
    rng = np.random.default_rng(0)
    q, k, v = (rng.normal(size=(2, 3, 5, 7)) for _ in range(3))
    tokens = np.array([[4, 4, 4, 0, 0], [0, 0, 0, 0, 0]])
    for mask in (causal_mask(5), padding_mask(tokens), causal_mask(5) & padding_mask(tokens)):
        want = F.scaled_dot_product_attention(*map(torch.tensor, (q, k, v)), attn_mask=torch.tensor(mask))
        np.testing.assert_allclose(
            ScaledDotProductAttention().forward(q, k, v, mask), want.numpy(), rtol=1e-10, atol=1e-13
        )


def test_what_is_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="divisible by heads, got d_model 10 and 3 heads"):
        MultiHeadAttention(10, 3, rng=rng)
    layer = MultiHeadAttention(6, 2, rng=rng)
    x = rng.normal(size=(2, 5, 6))
    with pytest.raises(ValueError, match=r"expected x \(B, T, 6\), got \(2, 5, 4\)"):
        layer.forward(x[..., :4], x)
    with pytest.raises(ValueError, match=r"expected memory \(B, T, 6\), got \(5, 6\)"):
        layer.forward(x, x[0])
    with pytest.raises(ValueError, match="2 sentences of queries and 1 of keys"):
        layer.forward(x, x[:1])
    with pytest.raises(ValueError, match="boolean mask, True where visible, got int64"):
        layer.forward(x, x, np.ones((5, 5), dtype=np.int64))
    with pytest.raises(ValueError, match=r"broadcasts to the scores \(2, 2, 5, 5\), got \(5, 4\)"):
        layer.forward(x, x, np.ones((5, 4), dtype=bool))
    attention = ScaledDotProductAttention()
    for queries, keys in (((0, 3, 4), (0, 3, 4)), ((2, 0, 4), (2, 3, 4)), ((2, 3, 4), (2, 0, 4))):
        with pytest.raises(ValueError, match="ScaledDotProductAttention needs at least one query and one key"):
            attention.forward(np.zeros(queries), np.zeros(keys), np.zeros(keys))
    with pytest.raises(ValueError, match=r"got \(5, 7\), \(3, 6\) and \(3, 2\)"):
        attention.forward(rng.normal(size=(5, 7)), rng.normal(size=(3, 6)), rng.normal(size=(3, 2)))
    attention.forward(rng.normal(size=(5, 7)), rng.normal(size=(3, 7)), rng.normal(size=(3, 2)))
    with pytest.raises(ValueError, match=r"dy of shape \(5, 2\), got \(2, 5\)"):
        attention.backward(rng.normal(size=(2, 5)))
    with pytest.raises(ValueError, match=r"\(B, S\), got shape \(3,\)"):
        padding_mask(np.array([1, 2, 3]))
