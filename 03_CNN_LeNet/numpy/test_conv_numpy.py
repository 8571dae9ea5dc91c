import numpy as np
import pytest
import torch
from conv_numpy import AvgPool2d, Conv2d, MaxPool2d, col2im, im2col, to_batch_first, to_batch_last
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from utils.parity.gradcheck import check_layer

SEEDS = st.integers(0, 2**32 - 1)


def rng_of(seed=0):
    return np.random.default_rng(seed)


def randomised(layer, rng):
    for p in layer.params.values():
        p[...] = rng.normal(size=p.shape)
    return layer


def distinct(shape, rng):
    """No two values nearer than 0.01: central differences across a tie would measure the tie."""
    return (rng.permutation(int(np.prod(shape))).reshape(shape) - 50.0) / 100.0


@given(
    seed=SEEDS,
    k=st.integers(1, 4),
    stride=st.integers(1, 3),
    padding=st.integers(0, 2),
    bias=st.booleans(),
    height=st.integers(4, 7),
    width=st.integers(4, 7),
)
def test_convolution(seed, k, stride, padding, bias, height, width):
    rng = rng_of(seed)
    layer = randomised(Conv2d(2, 3, k, stride=stride, padding=padding, bias=bias, rng=rng), rng)
    x = rng.normal(size=(2, 2, height, width))
    bad = [f for f in check_layer(layer, (x,), rng) if not f.ok]
    assert not bad, bad
    weight = torch.tensor(layer.params["weight"], requires_grad=True)
    b = torch.tensor(layer.params["bias"]) if bias else None
    tx = torch.tensor(x, requires_grad=True)
    want = F.conv2d(tx, weight, b, stride, padding)
    dy = rng.normal(size=want.shape)
    layer.zero_grads()
    np.testing.assert_allclose(layer.forward(x), want.detach(), rtol=1e-9, atol=1e-11)
    dx = layer.backward(dy)
    theirs = torch.autograd.grad(want, (tx, weight), torch.tensor(dy))
    np.testing.assert_allclose(dx, theirs[0], rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(layer.grads["weight"], theirs[1], rtol=1e-9, atol=1e-11)


@given(
    seed=SEEDS,
    name=st.sampled_from([MaxPool2d, AvgPool2d]),
    k=st.integers(1, 4),
    stride=st.integers(1, 4),
    padded=st.booleans(),
    height=st.integers(4, 8),
    width=st.integers(4, 8),
    ties=st.booleans(),
)
def test_pooling(seed, name, k, stride, padded, height, width, ties):
    rng = rng_of(seed)
    padding = k // 2 if padded else 0
    layer = name(k, stride, padding)
    shape = (2, 3, height, width)
    x = rng.integers(0, 3, size=shape).astype(float) if ties else distinct(shape, rng)
    if not (ties and name is MaxPool2d):
        bad = [f for f in check_layer(layer, (x,), rng) if not f.ok]
        assert not bad, bad
    op = F.max_pool2d if name is MaxPool2d else F.avg_pool2d
    tx = torch.tensor(x, requires_grad=True)
    want = op(tx, k, stride, padding)
    dy = rng.normal(size=want.shape)
    np.testing.assert_allclose(layer.forward(x), want.detach(), rtol=1e-9, atol=1e-11)
    (theirs,) = torch.autograd.grad(want, tx, torch.tensor(dy))
    np.testing.assert_allclose(layer.backward(dy), theirs, rtol=1e-9, atol=1e-11)


@given(seed=SEEDS, k=st.integers(1, 4), stride=st.integers(1, 3))
def test_col2im_is_the_adjoint_of_im2col(seed, k, stride):
    rng = rng_of(seed)
    x = rng.normal(size=(2, 5, 7, 3))
    cols = im2col(x, k, stride)
    dcols = rng.normal(size=cols.shape)
    dx = np.zeros_like(x)
    col2im(dcols, dx, k, stride)
    np.testing.assert_allclose((cols * dcols).sum(), (x * dx).sum(), rtol=1e-10)


def test_a_kernel_is_not_flipped():
    layer = Conv2d(1, 1, 2, rng=rng_of())
    layer.params["weight"][...] = [[[[1.0, 2.0], [3.0, 4.0]]]]
    x = np.array([[[[1.0, 10.0], [100.0, 1000.0]]]])
    assert layer.forward(x) == 1 * 1 + 2 * 10 + 3 * 100 + 4 * 1000


@pytest.mark.parametrize("sizes", [(2, 2, 0), (3, 2, 1)])
def test_max_pooling_of_nan_is_torchs(sizes):
    """NaN wins its window; of several the last gets the gradient."""
    rng = rng_of()
    x = rng.integers(0, 3, size=(2, 3, 6, 8)).astype(float)
    x[rng.random(x.shape) < 0.3] = np.nan
    layer, tx = MaxPool2d(sizes[0], sizes[1], padding=sizes[2]), torch.tensor(x, requires_grad=True)
    y, ty = layer.forward(x), F.max_pool2d(tx, *sizes)
    assert 0 < np.isnan(y).sum() < y.size
    np.testing.assert_array_equal(y, ty.detach().numpy())
    dy = rng.normal(size=y.shape)
    (tdx,) = torch.autograd.grad(ty, tx, torch.tensor(dy))
    np.testing.assert_allclose(layer.backward(dy), tdx.numpy(), rtol=1e-12)


def test_batch_last_memory_is_kept():
    layer = Conv2d(3, 5, 3, rng=rng_of())
    y = layer.forward(rng_of().normal(size=(2, 3, 7, 11)))
    assert y.shape == (2, 5, 5, 9)
    assert y.transpose(1, 2, 3, 0).flags.c_contiguous
    assert np.shares_memory(to_batch_last(y), y)
    np.testing.assert_array_equal(to_batch_first(to_batch_last(y)), y)


def test_parameter_gradients_alone():
    rng = rng_of()
    layer = Conv2d(2, 3, 3, rng=rng)
    dy = rng.normal(size=layer.forward(rng.normal(size=(2, 2, 5, 7))).shape)
    layer.backward(dy)
    whole = {name: grad.copy() for name, grad in layer.grads.items()}
    layer.zero_grads()
    layer.backward_params(dy)
    for name, grad in whole.items():
        np.testing.assert_array_equal(layer.grads[name], grad)


LAYERS = [
    lambda: Conv2d(3, 5, 2, padding=1, rng=rng_of(), dtype=np.float32),
    lambda: MaxPool2d(2),
    lambda: AvgPool2d(2),
]


@pytest.mark.parametrize("build", LAYERS)
def test_float32_stays_and_nothing_is_changed(build):
    layer, rng = build(), rng_of()
    x = rng.normal(size=(2, 3, 6, 8)).astype(np.float32)
    held = x.copy()
    y = layer.forward(x)
    dy = rng.normal(size=y.shape).astype(np.float32)
    held_dy = dy.copy()
    dx = layer.backward(dy)
    assert y.dtype == dx.dtype == np.float32
    assert all(grad.dtype == np.float32 for grad in layer.grads.values())
    np.testing.assert_array_equal(x, held)
    np.testing.assert_array_equal(dy, held_dy)


def test_what_is_refused():
    conv = Conv2d(6, 2, 5, rng=rng_of())
    with pytest.raises(ValueError, match=r"Conv2d expected \(B, 6, H, W\) with 6 channels, got \(32, 3, 28, 28\)"):
        conv.forward(np.zeros((32, 3, 28, 28)))
    with pytest.raises(ValueError, match=r"Conv2d expected \(B, 6, H, W\) with 6 channels, got \(6, 28, 28\)"):
        conv.forward(np.zeros((6, 28, 28)))
    with pytest.raises(ValueError, match=r"empty batch of shape \(0, 6, 28, 28\)"):
        conv.forward(np.zeros((0, 6, 28, 28)))
    with pytest.raises(ValueError, match=r"at least 5 x 5 pixels, got \(2, 6, 4, 28\)"):
        conv.forward(np.zeros((2, 6, 4, 28)))
    conv.forward(np.zeros((2, 6, 8, 9)))
    with pytest.raises(ValueError, match=r"Conv2d.backward expected dy of shape \(2, 2, 4, 5\), got \(2, 2, 5, 4\)"):
        conv.backward(np.zeros((2, 2, 5, 4)))
    with pytest.raises(ValueError, match="stride 0"):
        Conv2d(1, 1, 3, stride=0, rng=rng_of())
    pool = MaxPool2d(3)
    with pytest.raises(ValueError, match=r"MaxPool2d expected images of at least 3 x 3 pixels"):
        pool.forward(np.zeros((2, 3, 2, 8)))
    pool.forward(np.zeros((2, 3, 6, 9)))
    with pytest.raises(ValueError, match=r"MaxPool2d.backward expected dy of shape \(2, 3, 2, 3\)"):
        pool.backward(np.zeros((2, 3, 3, 2)))
    with pytest.raises(ValueError, match=r"AvgPool2d expected \(B, C, H, W\), got \(3, 8\)"):
        AvgPool2d(2).forward(np.zeros((3, 8)))
    with pytest.raises(ValueError, match="at most half"):
        MaxPool2d(2, padding=2)
