"""Attention in tiles is attention: outputs and gradients, for every block size, mask and extreme score."""

from __future__ import annotations

import tracemalloc

import numpy as np
import online_softmax_numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from online_softmax_numpy import TiledAttention, online_softmax


def softmax(s: np.ndarray) -> np.ndarray:
    """The definition; a row of -inf alone gives zeros."""
    top = s.max(axis=-1, keepdims=True)
    e = np.exp(s - np.where(np.isneginf(top), 0, top))
    total = e.sum(axis=-1, keepdims=True)
    return e / np.where(total == 0, 1, total)


def plain(q, k, v, mask, dout, scale):
    """Output and gradients with the whole matrix of weights, as in sections 1 to 3 of the theory."""
    s = q @ np.swapaxes(k, -1, -2) * scale
    a = softmax(np.where(mask, s, -np.inf))
    da = dout @ np.swapaxes(v, -1, -2)
    ds = a * (da - (a * da).sum(axis=-1, keepdims=True)) * scale
    return a @ v, ds @ k, np.swapaxes(ds, -1, -2) @ q, np.swapaxes(a, -1, -2) @ dout


@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(1, 11),
    m=st.integers(1, 13),
    query_block=st.integers(1, 14),
    key_block=st.integers(1, 14),
    size=st.sampled_from([1.0, 1e4]),
    causal=st.booleans(),
    masked=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_tiles_give_the_plain_result(n, m, query_block, key_block, size, causal, masked, seed):
    rng = np.random.default_rng(seed)
    q, k, v = rng.normal(size=(2, 3, n, 5)) * size, rng.normal(size=(2, 3, m, 5)), rng.normal(size=(2, 3, m, 7))
    dout = rng.normal(size=(2, 3, n, 7))
    mask = rng.random((2, 1, n, m)) < 0.6 if masked else None
    whole = np.ones((n, m), dtype=bool) if mask is None else mask
    if causal:
        whole = whole & (np.arange(m) <= np.arange(n)[:, None] + m - n)
    given_arrays = [x.copy() for x in (q, k, v, dout)]
    layer = TiledAttention(query_block, key_block)
    with np.errstate(all="raise", under="ignore"):  # no nan on the way either
        out = layer.forward(q, k, v, mask, causal=causal)
        got = (out, *layer.backward(dout))
    expected = plain(q, k, v, np.broadcast_to(whole, (2, 3, n, m)), dout, 5**-0.5)
    for name, mine, right in zip(("out", "dq", "dk", "dv"), got, expected, strict=True):
        np.testing.assert_allclose(mine, right, rtol=1e-9, atol=1e-10 * size, err_msg=name)
    for before, now in zip(given_arrays, (q, k, v, dout), strict=True):
        np.testing.assert_array_equal(before, now)


@pytest.mark.parametrize("block", [1, 2, 7, 50])
def test_online_softmax(block):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3, 7)) * np.array([[1.0], [1e4], [1.0]])
    x[0, :4] = -np.inf
    x[2] = -np.inf
    before = x.copy()
    got = online_softmax(x, block)
    np.testing.assert_allclose(got, softmax(x), rtol=1e-12, atol=1e-300)
    np.testing.assert_array_equal(x, before)
    np.testing.assert_allclose(got.sum(axis=1), [1, 1, 0], rtol=1e-12)


def test_scores_of_ten_thousand_stay_finite():
    q = np.array([[1e4], [-1e4]])
    out = TiledAttention(1, 1, scale=1.0).forward(q, np.array([[1.0], [0.5], [-1.0]]), np.eye(3))
    np.testing.assert_array_equal(out, [[1, 0, 0], [0, 0, 1]])


def test_a_query_that_may_see_nothing_gets_zero():
    rng = np.random.default_rng(1)
    q, k, v, dout = (rng.normal(size=(5, 3)) for _ in range(4))
    mask = np.ones((5, 5), dtype=bool)
    mask[2] = False
    layer = TiledAttention(2, 2)
    out = layer.forward(q, k, v, mask)
    dq, dk, dv = layer.backward(dout)
    assert not out[2].any() and not dq[2].any()
    assert all(np.isfinite(x).all() for x in (out, dq, dk, dv))


def test_the_output_may_be_changed_in_place():
    q, k, v, dout = (np.random.default_rng(6).normal(size=(5, 3)) for _ in range(4))
    layer = TiledAttention(2, 2)
    layer.forward(q, k, v)
    want = layer.backward(dout)
    out = layer.forward(q, k, v)
    out *= 2
    for got, expected in zip(layer.backward(dout), want, strict=True):
        np.testing.assert_array_equal(got, expected)


def test_gradients_by_central_differences():
    rng = np.random.default_rng(2)
    arrays = {"q": rng.normal(size=(3, 2)), "k": rng.normal(size=(5, 2)), "v": rng.normal(size=(5, 3))}
    dout, layer, h = rng.normal(size=(3, 3)), TiledAttention(2, 3), 1e-6
    layer.forward(**arrays, causal=True)
    for (name, x), got in zip(arrays.items(), layer.backward(dout), strict=True):
        for index in np.ndindex(*x.shape):
            old = x[index]
            x[index] = old + h
            above = (dout * TiledAttention(2, 3).forward(**arrays, causal=True)).sum()
            x[index] = old - h
            below = (dout * TiledAttention(2, 3).forward(**arrays, causal=True)).sum()
            x[index] = old
            assert got[index] == pytest.approx((above - below) / (2 * h), rel=1e-6, abs=1e-8), name


def test_memory_grows_with_the_length_and_not_with_its_square():
    rng = np.random.default_rng(3)

    def peak(n: int) -> int:
        q, k, v, dout = (rng.normal(size=(n, 8)) for _ in range(4))
        layer = TiledAttention(64, 64)
        tracemalloc.start()
        layer.forward(q, k, v, causal=True)
        layer.backward(dout)
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    small, large = peak(256), peak(1024)
    assert large < 5 * small
    assert large < 1024 * 1024 * 8 / 4  # a quarter of what the weights alone would take


def test_tiles_above_the_diagonal_are_not_computed(monkeypatch):
    """Four blocks of queries over four of keys: 1 + 2 + 3 + 4 tiles each way, and not 16."""
    tiles = []
    plain = online_softmax_numpy._scores
    monkeypatch.setattr(online_softmax_numpy, "_scores", lambda *args: tiles.append(args[4:6]) or plain(*args))
    x, layer = np.random.default_rng(5).normal(size=(8, 3)), TiledAttention(2, 2)
    layer.forward(x, x, x, causal=True)
    assert len(tiles) == 10
    layer.backward(x)
    assert len(tiles) == 20


def test_float32_stays_float32():
    x = np.random.default_rng(4).normal(size=(3, 5, 2)).astype(np.float32)
    layer = TiledAttention(2, 2)
    assert layer.forward(x, x, x).dtype == np.float32
    assert {g.dtype for g in layer.backward(x)} == {np.dtype(np.float32)}
    assert online_softmax(x, 2).dtype == np.float32


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (((3, 2), (5, 3), (5, 2)), r"got \(3, 2\) and \(5, 3\)"),
        (((2, 3, 2), (3, 5, 2), (3, 5, 2)), r"got \(2, 3, 2\) and \(3, 5, 2\)"),
        (((3, 2), (5, 2), (7, 2)), r"one value for each key: v \(5, 'd_v'\), got \(7, 2\)"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(shapes, message):
    with pytest.raises(ValueError, match=message):
        TiledAttention().forward(*(np.zeros(s) for s in shapes))


def test_bad_masks_and_blocks_are_refused():
    x = np.zeros((3, 2))
    with pytest.raises(ValueError, match=r"TiledAttention expected .* broadcasts to the scores \(3, 3\), got \(4,\)"):
        TiledAttention().forward(x, x, x, np.ones(4, dtype=bool))
    with pytest.raises(ValueError, match="TiledAttention expected a boolean mask, True where visible, got int64"):
        TiledAttention().forward(x, x, x, np.ones((3, 3), dtype=np.int64))
    with pytest.raises(ValueError, match="at least 1, got 0"):
        TiledAttention(0, 3)
    with pytest.raises(ValueError, match="at least 1, got 0"):
        online_softmax(x, 0)


@pytest.mark.parametrize(("queries", "keys"), [((0, 3, 4), (0, 3, 4)), ((2, 0, 4), (2, 3, 4)), ((2, 3, 4), (2, 0, 4))])
def test_nothing_to_look_for_or_at_is_refused(queries: tuple[int, ...], keys: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="TiledAttention needs at least one query and one key"):
        TiledAttention().forward(np.zeros(queries), np.zeros(keys), np.zeros(keys))


def test_the_output_belongs_to_the_caller() -> None:
    """Changed in place, as a residual sum may do, it must not change the gradient."""
    rng = np.random.default_rng(0)
    q, k, v, dout = rng.normal(size=(4, 2, 3, 5))
    layer = TiledAttention(2, 2)
    out = layer.forward(q, k, v)
    want = layer.backward(dout)
    out += 1.0
    for got, expected in zip(layer.backward(dout), want, strict=True):
        np.testing.assert_array_equal(got, expected)
