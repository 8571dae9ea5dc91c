"""What the proofs do not show: numbers by hand, what is refused, how the weights begin."""

import numpy as np
import pytest
from transposed_numpy import Concatenate, ConvTranspose2d, Crop


def layer(weight, **sizes):
    """A transposed convolution with the given weight (C, O, k, k), and no bias."""
    C, O, k, _ = weight.shape  # noqa: E741
    made = ConvTranspose2d(C, O, k, rng=np.random.default_rng(0), **sizes)
    made.weight[...] = weight
    return made


def one_row(weight, **sizes):
    """A kernel of one row: the middle row of a square one, so that with padding 1 the others meet nothing."""
    square = np.zeros((1, 1, len(weight), len(weight)))
    square[0, 0, 0] = weight
    return layer(square, **sizes)


def test_a_row_of_three_pixels_by_hand():
    """theory.md, section 1: x = (1, 2, 3) stamps (1, 10, 100) with stride 2."""
    x = np.array([[[[1.0, 2.0, 3.0]]]])
    y = one_row([1.0, 10.0, 100.0], stride=2).forward(x)
    assert y.shape == (1, 1, 3, 7)
    np.testing.assert_array_equal(y[0, 0, 0], [1, 10, 102, 20, 203, 30, 300])
    assert not y[0, 0, 1:].any()


def test_it_is_the_transposed_matrix():
    """The same row as a matrix product: one row of the matrix of the convolution for each pixel of x."""
    matrix = np.array([[1, 10, 100, 0, 0, 0, 0], [0, 0, 1, 10, 100, 0, 0], [0, 0, 0, 0, 1, 10, 100.0]])
    x = np.array([[[[1.0, 2.0, 3.0]]]])
    one = one_row([1.0, 10.0, 100.0], stride=2)
    np.testing.assert_array_equal(one.forward(x)[0, 0, 0], matrix.T @ x[0, 0, 0])
    dy = np.zeros((1, 1, 3, 7))
    dy[0, 0, 0] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
    np.testing.assert_array_equal(one.backward(dy)[0, 0, 0], matrix @ dy[0, 0, 0])
    np.testing.assert_array_equal(
        one.grads["weight"][0, 0, 0], [1 * 1 + 2 * 3 + 3 * 5, 2 + 2 * 4 + 3 * 6, 3 + 2 * 5 + 3 * 7]
    )
    assert one.grads["bias"] == 28.0


def test_checkerboard_where_the_stride_does_not_divide_the_kernel():
    """A constant image through a constant kernel: with 3 and 2 pixels are met 1, 2 or 4 times, with 2 and 2 once each."""
    x = np.ones((1, 1, 4, 4))
    uneven = layer(np.ones((1, 1, 3, 3)), stride=2).forward(x)[0, 0, 2:-2, 2:-2]
    np.testing.assert_array_equal(uneven[:3, :3], [[4, 2, 4], [2, 1, 2], [4, 2, 4]])
    np.testing.assert_array_equal(layer(np.ones((1, 1, 2, 2)), stride=2).forward(x), np.ones((1, 1, 8, 8)))
    even = layer(np.ones((1, 1, 4, 4)), stride=2).forward(x)[0, 0, 2:-2, 2:-2]
    np.testing.assert_array_equal(even, np.full_like(even, 4.0))


def test_output_padding_says_which_size_comes_back():
    """A convolution with stride 2 makes 3 of 7 and of 8."""
    x, weight = np.ones((1, 1, 3, 3)), np.ones((1, 1, 3, 3))
    assert layer(weight, stride=2).forward(x).shape == (1, 1, 7, 7)
    longer = layer(weight, stride=2, output_padding=1).forward(x)
    assert longer.shape == (1, 1, 8, 8)
    assert not longer[..., -1].any()


def test_gradients_are_added_and_the_input_stays():
    rng = np.random.default_rng(1)
    one, x = layer(rng.normal(size=(3, 2, 2, 2)), stride=2), rng.normal(size=(2, 3, 4, 5))
    kept, dy = x.copy(), rng.normal(size=(2, 2, 8, 10))
    one.forward(x)
    one.backward(dy)
    once = {name: grad.copy() for name, grad in one.grads.items()}
    one.backward(dy)
    np.testing.assert_array_equal(x, kept)
    for name, grad in one.grads.items():
        np.testing.assert_allclose(grad, 2 * once[name], rtol=1e-14)


@pytest.mark.parametrize(("k", "stride"), [(2, 2), (4, 2), (3, 1)])
def test_initialisation_counts_the_pixels_that_meet(k, stride):
    weight = ConvTranspose2d(50, 40, k, stride=stride, rng=np.random.default_rng(0)).weight
    assert weight.std() == pytest.approx(np.sqrt(2 * stride**2 / (50 * k**2)), rel=0.05)


@pytest.mark.parametrize(
    "wrong",
    [
        {"in_channels": 0},
        {"out_channels": 0},
        {"kernel_size": 0},
        {"stride": 0},
        {"padding": -1},
        {"output_padding": -1},
        {"output_padding": 2},
    ],
)
def test_sizes_that_make_no_sense_are_refused(wrong):
    sizes = {"in_channels": 3, "out_channels": 2, "kernel_size": 2, "stride": 2} | wrong
    with pytest.raises(ValueError, match="output_padding from 0 to stride - 1"):
        ConvTranspose2d(**sizes, rng=np.random.default_rng(0))


def test_the_smallest_sizes_are_taken():
    one = ConvTranspose2d(1, 1, 1, rng=np.random.default_rng(0))
    assert one.forward(np.ones((1, 1, 1, 1))).shape == (1, 1, 1, 1)
    assert ConvTranspose2d(1, 1, 3, padding=1, rng=np.random.default_rng(0)).forward(np.ones((1, 1, 1, 1))).size == 1


def test_an_output_of_no_pixel_is_refused():
    one = ConvTranspose2d(3, 2, 2, padding=1, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="padding 1 leaves no pixel"):
        one.forward(np.ones((2, 3, 1, 5)))
    one.forward(np.ones((2, 3, 4, 4)))
    with pytest.raises(ValueError, match=r"expected dy of shape \(2, 2, 3, 3\)"):
        one.backward(np.ones((2, 2, 4, 3)))


def test_crop_takes_the_middle_and_nothing_reaches_the_rest():
    crop, x = Crop(), np.arange(30.0).reshape(1, 1, 5, 6)
    np.testing.assert_array_equal(crop.forward(x, 2, 3)[0, 0], [[7, 8, 9], [13, 14, 15]])  # of rests of 3, 1 before
    dx = crop.backward(np.ones((1, 1, 2, 3)))
    assert dx.sum() == 6
    np.testing.assert_array_equal(dx[0, 0, 1:3, 1:4], 1.0)
    np.testing.assert_array_equal(crop.forward(x, 5, 6), x)


@pytest.mark.parametrize("size", [(0, 3), (3, 0), (6, 3), (3, 7)])
def test_crop_refuses_what_is_not_there(size):
    with pytest.raises(ValueError, match=f"{size[0]} x {size[1]} pixels"):
        Crop().forward(np.ones((1, 2, 5, 6)), *size)


def test_crop_and_concatenate_refuse_a_gradient_of_another_shape():
    crop, join = Crop(), Concatenate()
    crop.forward(np.ones((1, 2, 5, 6)), 2, 3)
    with pytest.raises(ValueError, match=r"\(1, 2, 2, 3\)"):
        crop.backward(np.ones((1, 2, 3, 3)))
    join.forward(np.ones((1, 2, 3, 3)), np.ones((1, 3, 3, 3)))
    with pytest.raises(ValueError, match=r"\(1, 5, 3, 3\)"):
        join.backward(np.ones((1, 4, 3, 3)))


@pytest.mark.parametrize("other", [(2, 3, 4, 4), (1, 3, 3, 4), (1, 3, 4, 3)])
def test_concatenate_refuses_images_that_do_not_fit(other):
    with pytest.raises(ValueError, match="of one size"):
        Concatenate().forward(np.ones((1, 2, 4, 4)), np.ones(other))


def test_the_numbers_of_the_theory():
    """Sections 1, 3 and 4: a gradient, the border, what a unit at the bottom sees, two weights."""
    dy = np.arange(1.0, 8.0)
    assert dy[:3] @ [1, 10, 100] == 321
    assert 2 * sum(4 * 2**level for level in range(4)) + 4 * 2**4 == 184
    assert 1 + sum(5 * 2**level for level in range(4)) + 4 * 2**4 == 140
    assert round(10 * np.exp(-9 / 50), 2) == 8.35
    assert round(10 * np.exp(-441 / 50), 4) == 0.0015
    assert round((2 * np.log(4 / 3) + 6 * np.log(2)) / 2, 3) == 2.367
