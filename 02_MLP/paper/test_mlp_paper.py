import mlp_paper
import pytest
import torch
from mlp_paper import MLP, MLP1998, init_mlp, init_mlp1998


def test_counts_of_the_papers_networks():
    count = lambda model: sum(p.numel() for p in model.parameters())  # noqa: E731
    assert count(MLP1998((784, 300, 10))) == 238_510
    assert count(MLP((784, 300, 100, 10))) == 266_610


def test_outputs_of_1998_stay_in_the_range_of_the_squashing():
    model = MLP1998((5, 4, 3))
    assert model(torch.full((2, 5), 1e4)).abs().max() <= 1.7159


@pytest.mark.parametrize(("build", "init"), [(MLP, init_mlp), (MLP1998, init_mlp1998)])
def test_initialisation_depends_on_the_generator_alone(build, init):
    weights = []
    for seed in (1, 2):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = build((5, 4, 3))
            init(model, torch.Generator().manual_seed(0))
        weights.append(model.state_dict())
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert not weights[0]["linears.0.bias"].any()


@pytest.mark.parametrize(("build", "init"), [(MLP, init_mlp), (MLP1998, init_mlp1998)])
def test_each_network_is_drawn_by_its_rule(build, init):
    model = build((300, 200, 100))
    init(model, torch.Generator().manual_seed(0))
    for p in model.parameters():
        if p.ndim == 1:
            assert not p.any()
        elif build is MLP:
            assert p.std().item() == pytest.approx((2.0 / p.shape[1]) ** 0.5, rel=0.02)
        else:
            assert p.abs().max().item() == pytest.approx(2.4 / p.shape[1], rel=1e-2)


def test_squared_error_by_hand():
    outputs = torch.tensor([[0.5, -1.0], [1.0, 1.0]])
    # targets (1, -1) and (-1, 1): errors (-0.5, 0) and (2, 0), half the squares 0.125 and 2, mean 1.0625
    assert mlp_paper.squared_error(outputs, torch.tensor([0, 1])).item() == pytest.approx(1.0625)
