import mlp_lowlevel
import numpy as np
import pytest
import torch
from mlp_lowlevel import init_mlp, init_mlp1998, one_of_k, relu, squared_error
from optimizers_lowlevel import SGD, Adam, AdamW, RMSprop


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("init", [init_mlp, init_mlp1998])
def test_parameters_are_leaves_that_learn(init):
    params = init((5, 4, 3), generator=generator())
    assert [tuple(p.shape) for p in params.values()] == [(4, 5), (4,), (3, 4), (3,)]
    assert all(p.is_leaf and p.requires_grad for p in params.values())


def test_initialisation_depends_on_the_generator_alone():
    torch.manual_seed(7)
    first = init_mlp((5, 4, 3), generator=generator())["linears.0.weight"]
    torch.manual_seed(8)
    assert torch.equal(first, init_mlp((5, 4, 3), generator=generator())["linears.0.weight"])
    assert not torch.equal(first, init_mlp((5, 4, 3), generator=generator(1))["linears.0.weight"])


def test_relu_has_derivative_zero_at_zero():
    x = torch.tensor([-1.0, 0.0, 2.0], requires_grad=True)
    relu(x).sum().backward()
    np.testing.assert_array_equal(x.grad, [0.0, 0.0, 1.0])


def test_targets_and_errors():
    np.testing.assert_array_equal(one_of_k(torch.tensor([2, 0]), 3), [[-1, -1, 1], [1, -1, -1]])
    with pytest.raises(ValueError, match=r"got \(2, 3\) and \(2, 4\)"):
        squared_error(torch.zeros(2, 3), torch.zeros(2, 4))


@pytest.mark.parametrize("name", [SGD, RMSprop, Adam, AdamW])
def test_optimizers_refuse_what_cannot_be_meant(name):
    with pytest.raises(ValueError, match="no parameters"):
        name({}, lr=0.1)
    with pytest.raises(ValueError, match="must be at least 0"):
        name({"w": torch.zeros(2, requires_grad=True)}, lr=-0.1)
    with pytest.raises(ValueError, match=r"w has no gradient; call loss.backward\(\) first"):
        name({"w": torch.zeros(2, requires_grad=True)}, lr=0.1).step()


@pytest.mark.parametrize("name", [SGD, RMSprop, Adam, AdamW])
def test_nothing_moves_when_a_later_parameter_has_no_gradient(name):
    params = {"w": torch.zeros(2, requires_grad=True), "b": torch.zeros(2, requires_grad=True)}
    params["w"].grad = torch.ones(2)
    with pytest.raises(ValueError, match="b has no gradient"):
        name(params, lr=0.1).step()
    assert not params["w"].any()


def test_each_network_is_drawn_by_its_rule():
    for p in init_mlp((300, 200, 100), generator=generator()).values():
        want = (2.0 / p.shape[1]) ** 0.5 if p.ndim > 1 else 0.0
        assert p.std().item() == pytest.approx(want, rel=0.02)
        assert p.ndim == 1 or p.abs().max().item() > 3.5 * want
    for p in init_mlp1998((300, 200, 100), generator=generator()).values():
        assert p.abs().max().item() == pytest.approx(2.4 / p.shape[1] if p.ndim > 1 else 0.0, rel=1e-2)


def test_dropout_takes_the_mask_in_the_dtype_of_x():
    x, mask = torch.ones(2, 3), torch.full((2, 3), 2.0, dtype=torch.float64)
    assert mlp_lowlevel.dropout(x, mask).dtype == torch.float32
    assert torch.equal(mlp_lowlevel.dropout(x, mask), torch.full((2, 3), 2.0))


def test_an_update_leaves_no_trace_in_the_graph():
    params = {"w": torch.ones(3, requires_grad=True)}
    optimizer = AdamW(params, lr=0.1)
    (params["w"] ** 2).sum().backward()
    optimizer.step()
    assert params["w"].is_leaf
    assert params["w"].grad_fn is None
    optimizer.zero_grad()
    assert params["w"].grad is None


def test_dropout_in_evaluation_changes_nothing():
    x = torch.randn(3, 4, generator=generator())
    assert mlp_lowlevel.dropout(x, None) is x
