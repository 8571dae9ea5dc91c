"""Batch normalisation, shortcuts and networks of the NumPy level by hand, by properties, and on bad input."""

from __future__ import annotations

import numpy as np
import pytest
from batchnorm_numpy import BatchNorm2d, GlobalAvgPool
from hypothesis import given
from hypothesis import strategies as st
from resnet_numpy import BasicBlock, Bottleneck, CifarResNet, PadShortcut, ResNet, make_shortcut

SEEDS = st.integers(0, 2**32 - 1)


def rng_of(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@given(seed=SEEDS)
def test_each_channel_is_normalised(seed: int) -> None:
    rng = rng_of(seed)
    y = BatchNorm2d(3).forward(rng.normal(size=(5, 3, 7, 2)) * rng.uniform(1.0, 9.0) + rng.normal())
    np.testing.assert_allclose(y.mean(axis=(0, 2, 3)), 0.0, atol=1e-12)
    np.testing.assert_allclose(y.var(axis=(0, 2, 3)), 1.0, rtol=1e-4)  # eps takes a little off


@given(seed=SEEDS)
def test_scale_and_shift_of_the_input_do_not_matter(seed: int) -> None:
    """BN(a x + b) = BN(x) for a > 0: the reason why the weights before it may have any size."""
    rng = rng_of(seed)
    x = rng.normal(size=(5, 3, 7, 2))
    layer = BatchNorm2d(3, eps=1e-12)
    a, b = rng.uniform(0.5, 2.0), rng.normal()
    np.testing.assert_allclose(layer.forward(a * x + b), layer.forward(x), rtol=1e-7, atol=1e-9)


@given(seed=SEEDS)
def test_gradient_is_orthogonal_to_what_normalisation_removes(seed: int) -> None:
    """No gradient along a constant, nor along the normalised input: moving there does not change the output."""
    rng = rng_of(seed)
    layer = BatchNorm2d(3, eps=1e-12)
    x = rng.normal(size=(5, 3, 7, 2))
    dx = layer.backward(rng.normal(size=layer.forward(x).shape))
    np.testing.assert_allclose(dx.sum(axis=(0, 2, 3)), 0.0, atol=1e-10)
    np.testing.assert_allclose((dx * x).sum(axis=(0, 2, 3)), 0.0, atol=1e-8)


def test_running_statistics_by_hand() -> None:
    """Values 1, 3, 5, 7: mean 4, biased variance 5, unbiased 20/3."""
    layer = BatchNorm2d(1)
    layer.forward(np.array([1.0, 3.0, 5.0, 7.0]).reshape(2, 1, 1, 2))
    assert layer.running_mean == pytest.approx([0.4])
    assert layer.running_var == pytest.approx([0.9 + 0.1 * 20.0 / 3.0])
    assert layer.batches_seen == 1


def test_evaluation_leaves_the_statistics_and_judges_each_image_alone() -> None:
    rng, layer = rng_of(), BatchNorm2d(3)
    for _ in range(5):
        layer.forward(rng.normal(size=(7, 3, 2, 5)) + 1.0)
    before = layer.running_mean.copy()
    x = rng.normal(size=(7, 3, 2, 5))
    together = layer.forward(x, False)
    np.testing.assert_array_equal(layer.running_mean, before)
    np.testing.assert_allclose(layer.forward(x[2:3], False), together[2:3], rtol=1e-14)


def test_option_a_by_hand() -> None:
    """Two channels become five: one channel of zeros before, two behind; every second pixel stays."""
    x = np.arange(18.0).reshape(1, 2, 3, 3) + 1.0
    y = PadShortcut(2, 5, 2).forward(x)
    assert y.shape == (1, 5, 2, 2)
    np.testing.assert_array_equal(y[0, 1], [[1, 3], [7, 9]])
    np.testing.assert_array_equal(y[0, 2], [[10, 12], [16, 18]])
    assert not y[0, [0, 3, 4]].any()


def test_identity_where_the_branch_is_switched_off() -> None:
    """With the last scale at zero the block is ReLU(x): what a plain network would have to learn."""
    rng = rng_of()
    for block in (BasicBlock(3, 3, rng=rng), Bottleneck(12, 3, rng=rng)):
        last = "bn3" if isinstance(block, Bottleneck) else "bn2"
        block.params[f"{last}.weight"][...] = 0.0
        x = rng.normal(size=(2, block.conv1.in_channels, 5, 7))
        np.testing.assert_array_equal(block.forward(x), np.maximum(x, 0.0))


def test_global_pooling() -> None:
    x = rng_of().normal(size=(2, 3, 5, 7))
    np.testing.assert_allclose(GlobalAvgPool().forward(x), x.reshape(2, 3, 35).mean(axis=2), rtol=1e-12)


@pytest.mark.parametrize("depth", [8, 14, 20])
def test_depth_counts_the_weighted_layers(depth: int) -> None:
    net = CifarResNet(depth, width=2, rng=rng_of())
    assert sum(p.ndim > 1 for p in net.params.values()) == depth


def test_float32_stays_float32() -> None:
    rng = rng_of()
    net = CifarResNet(8, width=2, option="B", rng=rng, dtype=np.float32)
    x = rng.normal(size=(2, 3, 8, 8)).astype(np.float32)
    for training in (True, False):
        logits = net.forward(x, training)
        dx = net.backward(np.ones_like(logits))
        assert dx is not None
        arrays = [logits, dx, *net.grads.values(), *(b for b in net.buffers.values() if b.ndim)]
        assert {a.dtype for a in arrays} == {np.dtype(np.float32)}


@pytest.mark.parametrize("block", [BasicBlock, Bottleneck])
@pytest.mark.parametrize("option", ["A", "B"])
def test_a_block_of_float32_has_nothing_else(block: type, option: str) -> None:
    layer = block(3, 4, 2, option=option, rng=rng_of(), dtype=np.float32)
    y = layer.forward(np.ones((2, 3, 5, 7), np.float32))
    arrays = [y, layer.backward(np.ones_like(y)), *layer.params.values(), *layer.grads.values()]
    arrays += [layer.downsample.backward(np.ones_like(y)), *(b for b in layer.buffers.values() if b.ndim)]
    assert {a.dtype for a in arrays} == {np.dtype(np.float32)}


def test_bad_input_is_refused() -> None:
    rng = rng_of()
    norm, net = BatchNorm2d(3), CifarResNet(8, width=2, rng=rng)
    cases = [
        (lambda: BatchNorm2d(0), "at least one channel"),
        (lambda: norm.forward(np.zeros((2, 4, 5, 7))), r"with 3 channels, got \(2, 4, 5, 7\)"),
        (lambda: norm.forward(np.zeros((1, 3, 1, 1))), r"more than one value per channel, got \(1, 3, 1, 1\)"),
        (lambda: norm.forward(np.zeros((0, 3, 5, 7))), "empty batch"),
        (lambda: CifarResNet(21, rng=rng), "6n \\+ 2.*got 21"),
        (lambda: ResNet(35, rng=rng), "no depth 35: choose one of 18, 34, 50, 101, 152"),
        (lambda: make_shortcut("D", 3, 5, 2, rng=rng, dtype=np.float64), "unknown shortcut option 'D'"),
        (lambda: net.forward(np.zeros((2, 3, 3, 8))), "at least 4 x 4 pixels"),
        (lambda: ResNet(18, width=2, rng=rng).forward(np.zeros((2, 3, 31, 64))), "at least 32 x 32 pixels"),
        (lambda: GlobalAvgPool().forward(np.zeros((2, 3))), r"expected \(B, C, H, W\), got \(2, 3\)"),
    ]
    for run, message in cases:
        with pytest.raises(ValueError, match=message):
            run()
    norm.forward(np.zeros((2, 3, 5, 7)))
    with pytest.raises(ValueError, match="expected dy of shape"):
        norm.backward(np.zeros((2, 3, 5, 6)))
    assert norm.forward(np.zeros((1, 3, 1, 1)), False).shape == (1, 3, 1, 1)
