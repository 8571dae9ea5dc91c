from __future__ import annotations

import numpy as np
import pytest
from embedding_numpy import Embedding, PositionalEncoding, Unembedding, sinusoids


def test_repeated_tokens_add_up():
    rng = np.random.default_rng(0)
    layer = Embedding(7, 3, rng=rng)
    tokens = rng.integers(0, 7, (5, 11))
    dy = rng.normal(size=(5, 11, 3))
    layer.forward(tokens)
    layer.backward(dy)
    want = np.zeros((7, 3))
    np.add.at(want, tokens, dy)
    np.testing.assert_allclose(layer.grads["weight"], want, rtol=1e-12)
    layer.backward(dy)
    np.testing.assert_allclose(layer.grads["weight"], 2 * want, rtol=1e-12)


def test_one_table_in_three_roles():
    """Tied look-ups and the output share table and gradient, and each keeps what its own backward needs."""
    rng = np.random.default_rng(0)
    source = Embedding(7, 3, rng=rng)
    target, output = source.tied(), Unembedding(source)
    assert target.weight is source.weight is output.weight
    a, b, x = np.array([1, 2]), np.array([2, 5]), rng.normal(size=(2, 3))
    source.forward(a)
    target.forward(b)
    output.forward(x)
    d = rng.normal(size=(3, 2, 3))
    dlogits = rng.normal(size=(2, 7))
    output.backward(dlogits)
    target.backward(d[1])
    source.backward(d[0])
    want = dlogits.T @ x
    for i, id_ in enumerate(a):
        want[id_] += d[0, i]
    for i, id_ in enumerate(b):
        want[id_] += d[1, i]
    np.testing.assert_allclose(source.grads["weight"], want, rtol=1e-12)
    source.zero_grads()
    assert not target.grads["weight"].any() and not output.grads["weight"].any()


def test_scaled_embeddings_have_variance_one():
    layer = Embedding(500, 64, rng=np.random.default_rng(0))
    assert abs((8 * layer.weight).var() - 1) < 0.05


def test_sinusoids_by_hand():
    table = sinusoids(3, 4)
    np.testing.assert_allclose(table[0], [0, 1, 0, 1])
    np.testing.assert_allclose(table[2], [np.sin(2), np.cos(2), np.sin(0.02), np.cos(0.02)])
    assert sinusoids(5, 7).shape == (5, 7)  # an odd width ends with a sine
    np.testing.assert_allclose(sinusoids(5, 7)[:, 6], np.sin(np.arange(5) * 10000 ** (-6 / 7)))


def test_a_shift_is_one_matrix_for_all_positions():
    """Section 3.5: PE(pos + k) is a linear function of PE(pos). Solved for, it fits positions it has not seen."""
    table = sinusoids(200, 16)
    matrix, *_ = np.linalg.lstsq(table[:50], table[7:57], rcond=None)
    np.testing.assert_allclose(table[50:190] @ matrix, table[57:197], atol=1e-4)


def test_positions_from_the_middle():
    layer, x = PositionalEncoding(11, 4), np.zeros((2, 3, 4))
    np.testing.assert_array_equal(layer.forward(x, start=5)[1], sinusoids(11, 4)[5:8])
    assert layer.params == {} and layer.buffers == {}


def test_what_is_refused():
    rng = np.random.default_rng(0)
    layer = Embedding(7, 3, rng=rng)
    with pytest.raises(ValueError, match="ids from 0 to 6, got -1"):
        layer.forward(np.array([[3, -1]]))
    with pytest.raises(ValueError, match="ids from 0 to 6, got 7"):
        layer.forward(np.array([0, 7]))
    with pytest.raises(ValueError, match="integer token ids, got float64"):
        layer.forward(np.array([1.0]))
    with pytest.raises(ValueError, match=r"no tokens, in an array of shape \(2, 0\)"):
        layer.forward(np.zeros((2, 0), dtype=int))
    layer.forward(np.array([1, 2]))
    with pytest.raises(ValueError, match=r"dy of shape \(2, 3\), got \(2, 4\)"):
        layer.backward(np.zeros((2, 4)))
    output = Unembedding(layer)
    with pytest.raises(ValueError, match=r"\(\.\.\., 3\), got \(2, 5\)"):
        output.forward(np.zeros((2, 5)))
    with pytest.raises(ValueError, match=r"Unembedding got an empty batch of shape \(0, 3\); it needs at least one"):
        output.forward(np.zeros((0, 3)))
    output.forward(np.zeros((2, 3)))
    with pytest.raises(ValueError, match=r"dy of shape \(2, 7\), got \(2, 3\)"):
        output.backward(np.zeros((2, 3)))
    positions = PositionalEncoding(5, 4)
    for shape in ((0, 3, 4), (2, 0, 4)):
        with pytest.raises(ValueError, match="PositionalEncoding got an empty batch"):
            positions.forward(np.zeros(shape))
    with pytest.raises(ValueError, match="table for 5 tokens, got a sentence of 6"):
        positions.forward(np.zeros((1, 6, 4)))
    with pytest.raises(ValueError, match="table for 5 tokens, got a sentence of 6"):
        positions.forward(np.zeros((1, 1, 4)), start=5)
    with pytest.raises(ValueError, match=r"\(B, T, 4\), got \(1, 2, 3\)"):
        positions.forward(np.zeros((1, 2, 3)))
