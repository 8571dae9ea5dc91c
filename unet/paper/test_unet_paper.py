import numpy as np
import pytest
import torch
from unet_paper import UNet, UpBlock, init_unet, is_legal, legal_sizes, output_size, pixel_loss


def network(**changes):
    model = UNet(**({"depth": 1, "width": 2} | changes))
    init_unet(model, torch.Generator().manual_seed(0))
    return model


def test_the_paper_s_parameters():
    """31,030,658 of one channel and two classes, in 23 convolutions."""
    with torch.device("meta"):
        model = UNet()
    assert sum(p.numel() for p in model.parameters()) == 31_030_658
    convolutions = [m for m in model.modules() if isinstance(m, torch.nn.Conv2d | torch.nn.ConvTranspose2d)]
    assert len(convolutions) == 23


def test_the_sizes_of_figure_1():
    seen = []
    model = UNet(width=1)
    for module in [*model.down, model.bottom, *model.up]:
        module.register_forward_hook(lambda m, x, y: seen.append((x[0].shape[-1], y.shape[-1])))
    assert model(torch.ones(1, 1, 572, 572)).shape == (1, 2, 388, 388)
    assert seen == [(572, 568), (284, 280), (140, 136), (68, 64), (32, 28), (28, 52), (52, 100), (100, 196), (196, 388)]


def test_legal_sizes_are_those_that_run():
    for depth, same in ((1, False), (2, False), (3, True)):
        model = UNet(depth=depth, width=1, same=same).eval()
        for side in range(1, 70):
            if is_legal(side, depth, same=same):
                assert model(torch.ones(1, 1, side, side)).shape[-1] == output_size(side, depth, same=same)
            else:
                with pytest.raises(ValueError, match=f"no image of side {side}; the nearest that it takes: "):
                    model(torch.ones(1, 1, side, side))
    assert legal_sizes(230) == [188, 204, 220]


def test_each_side_is_checked_and_may_differ():
    assert network()(torch.ones(1, 1, 18, 24)).shape == (1, 2, 2, 8)
    with pytest.raises(ValueError, match="18 or 20"):
        network()(torch.ones(1, 1, 18, 19))
    with pytest.raises(ValueError, match=r"non-empty \(B, 1, H, W\), got \(1, 1, 18\)"):
        network()(torch.ones(1, 1, 18))
    with pytest.raises(ValueError, match="depth of at least 1"):
        UNet(depth=0)


def test_without_skips_zeros_take_their_place():
    """The same parameters; what the contracting path saw at full resolution no longer reaches the end."""
    with_skips, without = network(), network(skips=False)
    without.load_state_dict(with_skips.state_dict())
    x = torch.ones(1, 1, 20, 20)
    assert not torch.equal(with_skips(x), without(x))
    without.up[0].convs.conv1.weight.data[:, :2] = 7.0  # the channels of the skip
    changed = without(x)
    without.up[0].convs.conv1.weight.data[:, :2] = -7.0
    assert torch.equal(changed, without(x))


def test_masks_act_at_the_end_of_the_contracting_path():
    """Both masks of zero: nothing of the image is left but biases, which begin at zero."""
    model, x = network(), torch.randn(1, 1, 20, 20, generator=torch.Generator().manual_seed(1))
    none = (torch.zeros(1, 2, 16, 16), torch.zeros(1, 4, 4, 4))
    assert model(x).abs().max() > 0
    assert model(x, none).abs().max() == 0
    assert model(x, (torch.ones_like(none[0]), none[1])).abs().max() > 0  # the skip is left


def test_upconvolution_against_upsampling_and_a_convolution():
    """The text says up-sampling and a 2x2 convolution; figure and ports have a transposed convolution. On nearest-neighbour
    up-sampling the convolution's four kernels overlap, so it is another function: each pixel of it sees up to four."""
    up = UpBlock(1).upconv
    x = torch.zeros(1, 2, 3, 3)
    x[:, :, 1, 1] = 1.0
    with torch.no_grad():
        up.bias.zero_()
        transposed = up(x)[0, 0]
        conv = torch.nn.Conv2d(2, 1, 2, bias=False)
        padded = torch.nn.functional.pad(torch.nn.functional.interpolate(x, scale_factor=2), (0, 1, 0, 1))
        upsampled = conv(padded)[0, 0]
    assert torch.count_nonzero(transposed) == 4
    assert torch.count_nonzero(upsampled) == 9


def test_loss_by_hand():
    logits = torch.tensor([[[[np.log(3.0), 0.0]], [[0.0, 0.0]]]])
    E = pixel_loss(logits, torch.tensor([[[0, 1]]]), torch.tensor([[[2.0, 6.0]]]))
    assert E.item() == pytest.approx((2 * np.log(4 / 3) + 6 * np.log(2)) / 2, rel=1e-6)


def test_initialisation_depends_on_the_generator_alone():
    torch.manual_seed(1)
    first = network().state_dict()
    torch.manual_seed(2)
    assert all(torch.equal(first[name], p) for name, p in network().state_dict().items())


def test_up_convolutions_begin_wider_than_he_normal_makes_them():
    """torch's rule of fan_in counts O k^2 for a transposed weight; an output pixel meets C k^2 / s^2 = C."""
    up = UpBlock(200)
    init_unet(up, torch.Generator().manual_seed(0))
    assert up.upconv.weight.std().item() == pytest.approx(np.sqrt(2 / 400), rel=0.02)
    torch.nn.init.kaiming_normal_(up.upconv.weight)
    assert up.upconv.weight.std().item() == pytest.approx(np.sqrt(2 / 800), rel=0.02)
