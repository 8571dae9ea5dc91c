from __future__ import annotations

import numpy as np
import pytest
from label_smoothing_numpy import LabelSmoothedCrossEntropy
from optimizers_numpy import Adam
from schedule_numpy import ADAM, transformer_schedule
from transformer_numpy import DecoderLayer, EncoderLayer, FeedForward, Transformer, dropout_masks

from utils.parity.gradcheck import check_layer

SIZES = {"layers": 2, "d_model": 10, "heads": 2, "d_ff": 13, "max_length": 23}


def small(rng: np.random.Generator, **changes) -> Transformer:
    model = Transformer(17, **SIZES | changes, rng=rng)
    for p in model.params.values():
        p += rng.normal(size=p.shape) * 0.3
    return model


def batch(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    source, target = rng.integers(3, 17, (3, 7)), rng.integers(3, 17, (3, 5))
    source[1, 4:], target[:, 0], target[2, 3:] = 0, 1, 0
    labels = np.concatenate([target[:, 1:], np.full((3, 1), 2)], axis=1)
    return source, target, np.where(target == 0, 0, labels)


class WithoutKeyBiases:
    """A layer without the biases whose gradient is zero: central differences of them are noise."""

    def __init__(self, layer):
        self.forward, self.backward = layer.forward, layer.backward
        self.params, self.grads = (
            {n: a for n, a in d.items() if not n.endswith("k.bias")} for d in (layer.params, layer.grads)
        )


@pytest.mark.parametrize("d_k", [None, 3])
def test_layers_by_central_differences(d_k):
    rng = np.random.default_rng(0)
    x, memory = rng.normal(size=(2, 3, 6)), rng.normal(size=(2, 5, 6))
    causal = np.tril(np.ones((3, 3), dtype=bool))
    visible = np.array([[1, 1, 1, 0, 0], [0, 0, 0, 0, 0]], dtype=bool)[:, None, None]
    encoder, decoder = (layer(6, 2, 7, d_k=d_k, rng=rng) for layer in (EncoderLayer, DecoderLayer))
    for layer, inputs in ((encoder, (memory, visible)), (decoder, (x, memory, causal, visible))):
        for p in layer.params.values():
            p[...] = rng.normal(size=p.shape) * 0.5
        findings = check_layer(WithoutKeyBiases(layer), inputs, rng)
        wrong = [f for f in findings if f.status == "failed"]
        assert not wrong, wrong


def test_feed_forward_is_alike_for_every_token():
    rng = np.random.default_rng(0)
    layer, x = FeedForward(5, 7, rng=rng), rng.normal(size=(2, 3, 5))
    np.testing.assert_allclose(layer.forward(x)[1, 2], layer.forward(x[1:2, 2:3])[0, 0])


@pytest.mark.parametrize("masked", [False, True])
def test_every_gradient_by_central_differences(masked):
    """The whole model: a few entries of every parameter, the shared embedding among them."""
    rng = np.random.default_rng(1)
    model, (source, target, labels) = small(rng, d_k=3), batch(rng)
    masks = dropout_masks(2, source.shape, target.shape, 10, 0.3, rng=rng) if masked else None
    criterion = LabelSmoothedCrossEntropy(0.1)
    criterion.forward(model.forward(source, target, masks), labels)
    model.zero_grads()
    model.backward(criterion.backward())
    for name, p in model.params.items():
        at = np.unravel_index(int(rng.integers(p.size)), p.shape)
        held, step = p[at], 1e-5
        losses = []
        for value in (held + step, held - step):
            p[at] = value
            losses.append(criterion.forward(model.forward(source, target, masks), labels))
        p[at] = held
        assert model.grads[name][at] == pytest.approx((losses[0] - losses[1]) / (2 * step), rel=1e-4, abs=1e-8), name


def test_no_token_sees_a_later_one():
    """The gradient of a logit with respect to later target tokens' embeddings is nothing: their rows stay zero."""
    rng = np.random.default_rng(0)
    model = small(rng)
    source, target = np.full((1, 3), 3), np.array([[1, 5, 6, 7, 8]])
    logits = model.forward(source, target)
    dlogits = np.zeros_like(logits)
    dlogits[0, 2] = rng.normal(size=17)
    model.zero_grads()
    model.output.backward = lambda dy: dy @ model.embedding.weight  # leave out the output matrix's own gradient
    model.backward(dlogits)
    rows = np.abs(model.embedding.grads["weight"]).max(axis=1)
    assert (rows[[1, 5, 6]] > 0).all() and (rows[[7, 8]] == 0).all()


def test_a_sentence_does_not_depend_on_its_batch():
    rng = np.random.default_rng(0)
    model, (source, target, _) = small(rng), batch(rng)
    whole = model.forward(source, target)
    np.testing.assert_allclose(model.forward(source[1:2, :4], target[1:2]), whole[1:2], rtol=1e-10, atol=1e-12)


def test_an_empty_source():
    rng = np.random.default_rng(0)
    model, (source, target, labels) = small(rng), batch(rng)
    source[1] = 0
    criterion = LabelSmoothedCrossEntropy(0.1)
    assert np.isfinite(criterion.forward(model.forward(source, target), labels))
    model.backward(criterion.backward())
    assert all(np.isfinite(grad).all() for grad in model.grads.values())


def test_dropout_masks():
    masks = dropout_masks(2, (3, 7), (3, 5), 11, 0.4, rng=np.random.default_rng(0))
    shapes = {"source": (3, 7, 11), "target": (3, 5, 11), "encoder": (2, 2, 3, 7, 11), "decoder": (2, 3, 3, 5, 11)}
    assert {name: mask.shape for name, mask in masks.items()} == shapes
    values = np.concatenate([mask.ravel() for mask in masks.values()])
    assert set(np.unique(values)) == {0.0, 1.0 / 0.6} and abs(values.mean() - 1) < 0.05


def test_the_embedding_is_one_array():
    model = small(np.random.default_rng(0))
    assert sum("embedding" in name or "output" in name for name in model.params) == 1
    assert model.output.weight is model.params["embedding.weight"] is model.target_embedding.weight


def test_float32_stays_float32_under_masks():
    rng = np.random.default_rng(0)
    source, target = rng.integers(3, 11, (2, 4)), rng.integers(3, 11, (2, 3))
    model = Transformer(11, layers=1, d_model=8, heads=2, d_ff=6, max_length=9, rng=rng, dtype=np.float32)
    masks = dropout_masks(1, source.shape, target.shape, 8, 0.3, rng=rng)
    memory = model.encode(source, masks)
    logits = model.forward(source, target, masks)
    model.backward(np.ones_like(logits))
    assert {memory.dtype, logits.dtype} == {np.dtype(np.float32)}
    assert {g.dtype for g in model.grads.values()} == {np.dtype(np.float32)}


def test_learns_to_reverse():
    """Two hundred steps of the paper's recipe, and a sentence comes out backwards."""
    rng = np.random.default_rng(0)
    model = Transformer(11, layers=1, d_model=32, heads=2, d_ff=64, max_length=9, rng=rng, dtype=np.float32)
    optimizer, criterion = Adam(model.params, **ADAM), LabelSmoothedCrossEntropy(0.1)
    for step in range(1, 201):
        words = rng.integers(3, 11, (16, 3))
        target = np.concatenate([np.full((16, 1), 1), words[:, ::-1]], axis=1)
        labels = np.concatenate([words[:, ::-1], np.full((16, 1), 2)], axis=1)
        optimizer.lr = transformer_schedule(step, 32, warmup=60)
        criterion.forward(model.forward(words, target), labels)
        model.zero_grads()
        model.backward(criterion.backward())
        optimizer.step(model.grads)
    right = (model.forward(words, target).argmax(-1) == labels).mean()
    assert right > 0.9, right


def test_what_is_refused():
    rng = np.random.default_rng(0)
    model, (source, target, _) = small(rng), batch(rng)
    with pytest.raises(ValueError, match="divisible by heads"):
        Transformer(17, **SIZES | {"heads": 3}, rng=rng)
    with pytest.raises(ValueError, match=r"as many sentences, got \(3, 7\) and \(2, 5\)"):
        model.forward(source, target[:2])
    with pytest.raises(ValueError, match=r"got \(7,\) and \(3, 5\)"):
        model.forward(source[0], target)
    with pytest.raises(ValueError, match="ids from 0 to 16, got 17"):
        model.forward(np.where(source == source[0, 0], 17, source), target)
    with pytest.raises(ValueError, match="table for 23 tokens, got a sentence of 24"):
        model.forward(np.full((3, 24), 3), target)
    with pytest.raises(ValueError, match="no tokens"):
        model.forward(source[:, :0], target)
    masks = dropout_masks(2, (3, 7), (3, 4), 10, 0.3, rng=rng)
    with pytest.raises(ValueError, match=r"mask of shape \(3, 5, 10\), got \(3, 4, 10\)"):
        model.forward(source, target, masks)
