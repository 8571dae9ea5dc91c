"""What the proofs do not show: the loss by hand, what is refused, dtype, how the weights begin."""

import numpy as np
import pytest
from unet_numpy import DoubleConv, PixelLoss, UNet, UpBlock, border, output_size

from utils.parity.gradcheck import numeric_gradient


def network(**changes):
    sizes = {"depth": 1, "width": 2, "rng": np.random.default_rng(0)}
    return UNet(**(sizes | changes))


@pytest.mark.parametrize("same", [False, True])
def test_every_gradient_of_the_whole_network(same):
    rng = np.random.default_rng(0)
    model = network(in_channels=3, classes=3, same=same, rng=rng)
    for p in model.params.values():
        p[...] = rng.normal(0.1, 0.5, p.shape)
    side, last, bottom = ((4, 6), (4, 6), (2, 3)) if same else ((18, 20), (14, 16), (3, 4))
    x = rng.normal(size=(2, 3, *side))
    masks = [2.0 * rng.integers(0, 2, (2, c, *maps)) for c, maps in ((2, last), (4, bottom))]
    dy = rng.normal(size=model.forward(x, masks).shape)
    dx = model.backward(dy)
    assert dx is not None
    for name, array in {"x": x, **model.params}.items():
        indices, slopes = numeric_gradient(lambda: np.sum(model.forward(x, masks) * dy), array, rng)
        got = (dx if name == "x" else model.grads[name]).reshape(-1)[indices]
        rounding = 1e-8 * np.abs(slopes).max()  # of a difference of two large sums
        np.testing.assert_allclose(got, slopes, rtol=1e-5, atol=rounding, err_msg=name)


def test_no_input_gradient_where_none_is_asked_for():
    model = network()
    y = model.forward(np.ones((1, 1, 20, 20)))
    assert model.backward(np.ones_like(y), input_grad=False) is None
    assert np.abs(model.grads["down.0.conv1.weight"]).sum() > 0


def test_sizes_of_figure_1():
    assert (output_size(572), border(), output_size(188), border(1)) == (388, 184, 4, 16)
    assert output_size(18, depth=1) == 2
    for size in (16, 17, 19, 0, -3):
        with pytest.raises(ValueError, match="depth 1 takes no image of side"):
            output_size(size, depth=1)
    with pytest.raises(ValueError, match="the nearest that it takes: 556 or 572"):
        output_size(571)
    with pytest.raises(ValueError, match=r"the nearest that it takes: 188$"):
        output_size(20)
    assert output_size(32, same=True) == 32
    with pytest.raises(ValueError, match="32 or 48"):
        output_size(33, same=True)
    with pytest.raises(ValueError, match=r"no image of side 0; the nearest that it takes: 16$"):
        output_size(0, same=True)


def test_loss_by_hand():
    """Two pixels: p(label) = 3/4 with weight 2, p(label) = 1/2 with weight 6; E = (2 ln 4/3 + 6 ln 2) / 2."""
    logits = np.array([[[[np.log(3.0), 0.0]], [[0.0, 0.0]]]])  # (1, 2, 1, 2)
    loss = PixelLoss()
    E = loss.forward(logits, np.array([[[0, 1]]]), np.array([[[2.0, 6.0]]]))
    assert pytest.approx((2 * np.log(4 / 3) + 6 * np.log(2)) / 2, rel=1e-14) == E
    np.testing.assert_allclose(loss.backward()[0, :, 0], [[-0.25, 1.5], [0.25, -1.5]], rtol=1e-14)
    np.testing.assert_allclose(loss.backward(3.0)[0, :, 0], [[-0.75, 4.5], [0.75, -4.5]], rtol=1e-14)


def test_loss_is_a_mean_and_its_weights_are_not_divided_out():
    """Equation 1 sums over pixels; a mean keeps the learning rate when the tile grows. Twice the weights, twice the loss."""
    rng = np.random.default_rng(0)
    logits, labels, weights = rng.normal(size=(1, 3, 4, 4)), rng.integers(0, 3, (1, 4, 4)), rng.uniform(1, 2, (1, 4, 4))
    E = PixelLoss().forward(logits, labels, weights)
    wide = PixelLoss().forward(*(np.concatenate([a, a], axis=-1) for a in (logits, labels, weights)))
    assert wide == pytest.approx(E, rel=1e-14)
    assert PixelLoss().forward(logits, labels, 2 * weights) == pytest.approx(2 * E, rel=1e-14)


def test_loss_falls_where_the_label_becomes_likelier():
    """The minus sign that equation 1 lacks in print."""
    labels, weights = np.zeros((1, 1, 1), int), np.ones((1, 1, 1))
    unlikely, likely = np.array([0.0, 1.0]).reshape(1, 2, 1, 1), np.array([1.0, 0.0]).reshape(1, 2, 1, 1)
    assert PixelLoss().forward(likely, labels, weights) < PixelLoss().forward(unlikely, labels, weights)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"labels": np.zeros((1, 4, 5), int)}, "got \\(1, 2, 4, 4\\), \\(1, 4, 5\\)"),
        ({"weights": np.ones((1, 5, 4))}, "and \\(1, 5, 4\\)"),
        ({"logits": np.ones((2, 4, 4))}, "non-empty logits"),
        ({"labels": np.zeros((1, 4, 4))}, "integer labels, got float64"),
        ({"labels": np.full((1, 4, 4), 2)}, "from 0 to 1, got 2"),
        ({"labels": np.full((1, 4, 4), -1)}, "from 0 to 1, got -1"),
        ({"labels": np.arange(16).reshape(1, 4, 4) // 5}, "from 0 to 1, got 2"),
        ({"weights": np.full((1, 4, 4), np.nan)}, "finite weights"),
        ({"weights": np.full((1, 4, 4), -0.5)}, "at least zero"),
    ],
)
def test_labels_and_weights_that_do_not_fit_are_refused(change, told):
    good = {"logits": np.zeros((1, 2, 4, 4)), "labels": np.zeros((1, 4, 4), int), "weights": np.zeros((1, 4, 4))}
    assert PixelLoss().forward(**good) == 0.0
    with pytest.raises(ValueError, match=told):
        PixelLoss().forward(**(good | change))


def test_wrong_sizes_of_the_model_and_its_images_are_refused():
    with pytest.raises(ValueError, match="depth of at least 1, got 0"):
        network(depth=0)
    with pytest.raises(ValueError, match="the nearest that it takes: 18 or 20"):
        network().forward(np.ones((1, 1, 20, 19)))
    with pytest.raises(ValueError, match=r"\(B, 1,"):
        network().forward(np.ones((1, 2, 20, 20)))
    block = UpBlock(3, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="as many skips as images"):
        block.forward(np.ones((2, 6, 4, 4)), np.ones((1, 3, 8, 8)))
    with pytest.raises(ValueError, match="Crop cannot take 8 x 8 pixels"):
        block.forward(np.ones((1, 6, 4, 4)), np.ones((1, 3, 8, 7)))


@pytest.mark.parametrize("same", [False, True])
def test_float32_stays_float32(same):
    model = network(same=same, dtype=np.float32)
    y = model.forward(np.ones((1, 1, 20, 20), np.float32))
    dx = model.backward(np.ones_like(y))
    kept = [y, dx, *model.params.values(), *model.grads.values()]
    assert {a.dtype for a in kept} == {np.dtype(np.float32)}


def test_biases_only_where_no_normalisation_follows():
    rng = np.random.default_rng(0)
    assert "conv1.bias" in DoubleConv(2, 3, rng=rng).params
    assert "conv1.bias" not in DoubleConv(2, 3, same=True, rng=rng).params


def test_every_weight_begins_as_section_3_says():
    for name, p in network(in_channels=30, width=20, classes=30).params.items():
        if name.endswith("weight"):
            N = len(p) if "upconv" in name else np.prod(p.shape[1:])
            assert p.std() == pytest.approx(np.sqrt(2 / N), rel=0.15), name
            assert abs(p.mean()) < 0.1 * p.std() + 0.02, name
        else:
            assert not p.any(), name


def test_activations_keep_their_scale_through_the_network():
    """What the rule is for: unit variance in, about unit variance out, at every level."""
    model = network(in_channels=8, width=16, depth=2, classes=8)
    x = np.random.default_rng(1).normal(size=(1, 8, 44, 44))
    assert 0.3 < model.forward(x).std() < 5.0
