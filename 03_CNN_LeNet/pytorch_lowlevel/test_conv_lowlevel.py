import pytest
import torch
from conv_lowlevel import avg_pool2d, conv2d, max_pool2d
from hypothesis import given
from hypothesis import strategies as st
from lenet_lowlevel import init_lenet5, lenet5, subsample
from torch.nn import functional as F

SEEDS = st.integers(0, 2**31 - 1)


def same(ours, theirs, tensors, generator):
    dy = torch.randn(theirs.shape, generator=generator, dtype=torch.float64)
    got, want = torch.autograd.grad(ours, tensors, dy), torch.autograd.grad(theirs, tensors, dy)
    for a, b in zip((ours, *got), (theirs, *want), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-11)


@given(
    seed=SEEDS,
    k=st.integers(1, 4),
    stride=st.integers(1, 3),
    padding=st.integers(0, 2),
    height=st.integers(4, 9),
    width=st.integers(4, 9),
)
def test_convolution_against_torch(seed, k, stride, padding, height, width):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(2, 3, height, width, generator=g, dtype=torch.float64, requires_grad=True)
    w = torch.randn(5, 3, k, k, generator=g, dtype=torch.float64, requires_grad=True)
    b = torch.randn(5, generator=g, dtype=torch.float64, requires_grad=True)
    same(conv2d(x, w, b, stride, padding), F.conv2d(x, w, b, stride, padding), (x, w, b), g)


@given(seed=SEEDS, k=st.integers(1, 4), stride=st.integers(1, 4), padded=st.booleans(), ties=st.booleans())
def test_pooling_against_torch(seed, k, stride, padded, ties):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(2, 3, 7, 9, generator=g, dtype=torch.float64)
    x = (x.round() if ties else x).requires_grad_()
    padding = k // 2 if padded else 0
    same(max_pool2d(x, k, stride, padding), F.max_pool2d(x, k, stride, padding), (x,), g)
    same(avg_pool2d(x, k, stride, padding), F.avg_pool2d(x, k, stride, padding), (x,), g)


@pytest.mark.parametrize("window", [{"kernel_size": 2}, {"kernel_size": 3, "stride": 2, "padding": 1}])
def test_nan_wins_and_gets_the_gradient_as_in_torch(window):
    x = torch.randn(2, 3, 6, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    x[0, :, :3, ::3], x[1, 0, 2:4, 2:4] = torch.nan, torch.nan
    ours, theirs = x.clone().requires_grad_(), x.clone().requires_grad_()
    got, want = max_pool2d(ours, **window), F.max_pool2d(theirs, **window)
    dy = torch.arange(1.0, want.numel() + 1, dtype=torch.float64).view_as(want)
    got.backward(dy)
    want.backward(dy)
    assert want.isnan().any()
    torch.testing.assert_close(got, want, equal_nan=True)
    torch.testing.assert_close(ours.grad, theirs.grad)


@pytest.mark.parametrize("shape", [(2, 6, 8), (2, 5, 8, 8), (0, 6, 8, 8), (2, 6, 4, 8), (2, 6, 8, 4)])
def test_each_wrong_shape_is_refused(shape):
    with pytest.raises(ValueError, match="conv2d expected a non-empty"):
        conv2d(torch.zeros(shape), torch.zeros(4, 6, 5, 5))


def test_what_is_refused():
    with pytest.raises(ValueError, match=r"conv2d expected a non-empty \(B, 6, H, W\) .* got \(2, 3, 8, 8\)"):
        conv2d(torch.zeros(2, 3, 8, 8), torch.zeros(4, 6, 5, 5))
    with pytest.raises(ValueError, match=r"at least 5, got \(2, 6, 4, 8\)"):
        conv2d(torch.zeros(2, 6, 4, 8), torch.zeros(4, 6, 5, 5))
    with pytest.raises(ValueError, match=r"max_pool2d expected a non-empty \(B, C, H, W\)"):
        max_pool2d(torch.zeros(0, 6, 4, 8), 2)
    with pytest.raises(ValueError, match="even height and width"):
        subsample(torch.zeros(2, 6, 5, 8), torch.zeros(6), torch.zeros(6))


def test_parameters_are_leaves_and_codes_are_not_trained():
    params = init_lenet5(generator=torch.Generator().manual_seed(0))
    lenet5(params, torch.zeros(2, 1, 32, 32))[0].sum().backward()
    assert {name for name, p in params.items() if p.grad is None} == {"output.codes"}
