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
