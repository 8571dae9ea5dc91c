import pytest
import torch
from unet_paper import Unet, init_unet


def test_output_by_hand():
    model = Unet(2)
    with torch.no_grad():
        model.scale.weight.copy_(torch.tensor([0.5, 2.0]))
    # tanh(0.5 * 2) and tanh(2 * -0.5)
    assert model(torch.tensor([[2.0, -0.5]])).tolist()[0] == pytest.approx([0.761594, -0.761594])


def test_initialisation_depends_on_the_generator_alone():
    weights = []
    for seed in (1, 2):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = Unet(5)
            init_unet(model, torch.Generator().manual_seed(0))
        weights.append(model.scale.weight)
    assert torch.equal(*weights)
