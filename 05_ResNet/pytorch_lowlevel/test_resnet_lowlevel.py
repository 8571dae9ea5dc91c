"""The low level on bad input, and its batch normalisation against torch's."""

from __future__ import annotations

import pytest
import torch
from resnet_lowlevel import batch_norm, cifar_resnet, init_cifar_resnet, init_imagenet_resnet, resnet, shortcut
from torch.nn import functional as F


def test_batch_norm_is_torchs() -> None:
    g = torch.Generator().manual_seed(0)
    x = torch.randn(2, 3, 5, 7, generator=g, dtype=torch.float64)
    p = {"n.weight": torch.rand(3, generator=g).double(), "n.bias": torch.rand(3, generator=g).double()}
    p |= {"n.running_mean": torch.zeros(3).double(), "n.running_var": torch.ones(3).double()}
    p["n.num_batches_tracked"] = torch.tensor(0)
    mean, var = torch.zeros(3).double(), torch.ones(3).double()
    for training in (True, False):
        want = F.batch_norm(x, mean, var, p["n.weight"], p["n.bias"], training=training)
        torch.testing.assert_close(batch_norm(p, "n", x, training), want, rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(p["n.running_mean"], mean, rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(p["n.running_var"], var, rtol=1e-12, atol=1e-12)
    assert int(p["n.num_batches_tracked"]) == 1


def test_option_a_by_hand() -> None:
    """Two channels become five: one channel of zeros before, two behind; every second pixel stays."""
    x = torch.arange(18.0).reshape(1, 2, 3, 3) + 1.0
    y = shortcut({}, "layer", x, 5, 2, training=True)
    want = torch.zeros(1, 5, 2, 2)
    want[:, 1:3] = x[:, :, ::2, ::2]
    assert torch.equal(y, want)


def test_bad_input_is_refused() -> None:
    g = torch.Generator().manual_seed(0)
    small = init_cifar_resnet(8, width=2, generator=g)
    for run, message in [
        (lambda: init_cifar_resnet(21, generator=g), r"6n \+ 2.*got 21"),
        (lambda: init_imagenet_resnet(35, generator=g), "no depth 35"),
        (lambda: init_cifar_resnet(8, option="D", generator=g), "unknown shortcut option 'D'"),
        (lambda: cifar_resnet(small, torch.zeros(2, 3, 3, 8)), "H and W of at least 4"),
        (lambda: resnet(small, torch.zeros(2, 3, 31, 64)), "H and W of at least 32"),
        (lambda: batch_norm(small, "bn1", torch.zeros(1, 2, 1, 1), True), "more than one value per channel"),
        (lambda: batch_norm(small, "bn1", torch.zeros(2, 3, 5, 7), True), r"bn1 expected \(B, 2, H, W\)"),
    ]:
        with pytest.raises(ValueError, match=message):
            run()
