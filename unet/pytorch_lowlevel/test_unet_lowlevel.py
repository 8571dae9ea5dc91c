import torch
from unet_lowlevel import init_unet


def weight(seed):
    return init_unet(5, generator=torch.Generator().manual_seed(seed))["scale.weight"]


def test_parameters_are_leaves_that_learn():
    assert weight(0).is_leaf
    assert weight(0).requires_grad


def test_initialisation_depends_on_the_generator_alone():
    torch.manual_seed(7)
    first = weight(0)
    torch.manual_seed(8)
    assert torch.equal(first, weight(0))
    assert not torch.equal(first, weight(1))
