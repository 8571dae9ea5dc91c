from typing import Any

import pytest
import torch
from unet_lowlevel import conv_transpose2d, init_unet, unet


def params(seed, **sizes):
    made: dict[str, Any] = {"depth": 1, "width": 2} | sizes
    return init_unet(**made, generator=torch.Generator().manual_seed(seed))


def test_parameters_are_leaves_that_learn_and_statistics_are_not():
    for name, p in params(0, same=True).items():
        assert p.is_leaf
        assert p.requires_grad == (not name.endswith(("running_mean", "running_var", "num_batches_tracked"))), name


def test_initialisation_depends_on_the_generator_alone():
    torch.manual_seed(7)
    first = params(0)
    torch.manual_seed(8)
    assert all(torch.equal(first[name], p) for name, p in params(0).items())
    assert not torch.equal(first["head.weight"], params(1)["head.weight"])


def test_sizes_that_no_network_has_are_refused():
    with pytest.raises(ValueError, match="depth of at least 1, got 0"):
        params(0, depth=0)
    with pytest.raises(ValueError, match="of side 19"):
        unet(params(0), torch.ones(1, 1, 19, 20))
    with pytest.raises(ValueError, match="leaves nothing of an image of side 16"):
        unet(params(0), torch.ones(1, 1, 20, 16))
    with pytest.raises(ValueError, match="no image of side 12"):
        unet(params(0, depth=3, same=True), torch.ones(1, 1, 12, 16))
    with pytest.raises(ValueError, match=r"non-empty \(B, 1, H, W\)"):
        unet(params(0), torch.ones(1, 2, 20, 20))


def test_transposed_convolution_names_what_is_wrong():
    weight, bias = torch.ones(3, 2, 2, 2), torch.zeros(2)
    with pytest.raises(ValueError, match=r"non-empty \(B, 3, h, w\)"):
        conv_transpose2d(torch.ones(1, 2, 4, 4), weight, bias)
    with pytest.raises(ValueError, match="padding 1 leaves no pixel"):
        conv_transpose2d(torch.ones(1, 3, 1, 4), weight, bias, padding=1)
