import numpy as np
import pytest
import torch
from tiling import mean_over_symmetries, predict_padded, predict_tiles, tile_for
from unet_paper import UNet, init_unet, output_size

DEPTH = 2


def network(*, same=False, depth=DEPTH):
    """A random network in float64 as a function (H, W) -> (2, h, w)."""
    model = UNet(depth=depth, width=2, same=same).double().eval()
    init_unet(model, torch.Generator().manual_seed(0))

    def predict(image):
        with torch.no_grad():
            return model(torch.tensor(image.copy())[None, None])[0].numpy()

    return predict


@pytest.mark.parametrize(("shape", "tile"), [((37, 50), 44), ((37, 50), 52), ((50, 37), 76), ((9, 9), 60)])
def test_tiles_equal_one_pass_over_the_whole_padded_image(shape, tile):
    """To 1e-12, in every pixel: where tiles meet, nothing is to be seen."""
    predict, image = network(), np.random.default_rng(0).normal(size=shape)
    stitched = predict_tiles(predict, image, tile=tile, depth=DEPTH)
    margin = (tile - output_size(tile, DEPTH)) // 2
    whole = tile_for(shape, DEPTH)
    padded = np.pad(image, [(margin, whole - margin - n) for n in shape], mode="reflect")
    once = predict(padded)[:, : shape[0], : shape[1]]
    assert stitched.shape == (2, *shape)
    np.testing.assert_allclose(stitched, once, rtol=0, atol=1e-12)
    assert np.abs(once).max() > 0.01


def test_tiles_that_do_not_begin_at_multiples_would_not_fit():
    """Why the step is a multiple of 2^depth: shifted by one pixel, the pooling windows hold other pixels."""
    predict, image = network(), np.random.default_rng(0).normal(size=(60, 60))
    assert np.abs(predict(image[:44, :44])[:, 1:, 1:] - predict(image[1:45, 1:45])[:, :-1, :-1]).max() > 1e-3


def test_tiles_that_the_network_does_not_take_are_refused():
    image = np.ones((20, 20))
    with pytest.raises(ValueError, match="takes no image of side 45; the nearest that it takes: 44 or 48"):
        predict_tiles(network(), image, tile=45, depth=DEPTH)
    with pytest.raises(ValueError, match=r"expected an image \(H, W\), got \(1, 20, 20\)"):
        predict_tiles(network(), image[None], tile=44, depth=DEPTH)
    with pytest.raises(ValueError, match="expected an image"):
        predict_tiles(network(), np.ones((0, 4)), tile=44, depth=DEPTH)


def test_a_tile_is_found_for_every_image():
    for depth in (1, 2, 4):
        for side in (5, 128, 512, 700):
            tile = tile_for((side, 3), depth)
            assert output_size(tile, depth) >= side
            assert output_size(tile, depth) - 4 * 2**depth < side
    assert tile_for((5000, 5000), 4) <= 1024


def test_the_padded_network_predicts_images_of_any_size():
    predict, image = network(same=True), np.random.default_rng(0).normal(size=(37, 50))
    got = predict_padded(predict, image, depth=DEPTH)
    assert got.shape == (2, 37, 50)
    once = predict(np.pad(image, ((0, 3), (0, 2)), mode="reflect"))
    np.testing.assert_array_equal(got, once[:, :37, :50])


def test_eight_symmetries_are_turned_back():
    """What depends on a pixel alone comes back as it is; what depends on the place becomes symmetric."""
    image = np.random.default_rng(0).normal(size=(4, 6))
    np.testing.assert_allclose(
        mean_over_symmetries(lambda a: np.stack([a, 2 * a]), image), [image, 2 * image], rtol=1e-14
    )
    seen = []

    def place(a):
        seen.append(a)
        return np.broadcast_to(np.arange(a.shape[1], dtype=float), a.shape)[None]

    mean = mean_over_symmetries(place, np.zeros((5, 5)))[0]
    for turned in (np.rot90(mean), mean[:, ::-1], mean.T):
        np.testing.assert_allclose(turned, mean)
    seen.clear()
    mean_over_symmetries(place, image)
    assert len({a.tobytes() + bytes(a.shape) for a in map(np.ascontiguousarray, seen)}) == 8
