import numpy as np
import pytest
from linear_numpy import Linear
from module_numpy import Module


class Block(Module):
    def __init__(self, rng):
        super().__init__()
        self.scale = self.add_param("scale", rng.normal(size=3))
        self.mean = self.add_buffer("mean", np.zeros(3))
        self.fc = Linear(3, 2, rng=rng)


class Net(Module):
    def __init__(self, rng):
        super().__init__()
        self.first = Linear(5, 3, rng=rng)
        self.blocks = [Block(rng), Block(rng)]
        self.width = 3  # a plain attribute is no layer

    def forward(self, x):
        return self.first.forward(x)


@pytest.fixture
def net():
    return Net(np.random.default_rng(0))


def test_names_are_torchs(net):
    import torch
    from torch import nn

    class TorchBlock(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.zeros(3))
            self.register_buffer("mean", torch.zeros(3))
            self.fc = nn.Linear(3, 2)

        def forward(self, x):
            return x

    torch_net = nn.Module()
    torch_net.first = nn.Linear(5, 3)
    torch_net.blocks = nn.ModuleList([TorchBlock(), TorchBlock()])
    assert list(net.params) == [name for name, _ in torch_net.named_parameters()]
    assert list(net.buffers) == [name for name, _ in torch_net.named_buffers()]
    assert {n: p.shape for n, p in net.params.items()} == {n: tuple(p.shape) for n, p in torch_net.named_parameters()}


def test_params_are_the_layers_own_arrays(net):
    assert net.params["first.weight"] is net.first.params["weight"]
    assert net.grads["blocks.1.fc.bias"] is net.blocks[1].fc.grads["bias"]
    assert net.params["blocks.0.scale"] is net.blocks[0].scale


def test_zero_grads_reaches_every_layer(net):
    for grad in net.grads.values():
        grad[...] = 1.0
    net.zero_grads()
    assert list(net.grads) == list(net.params)
    assert all(not grad.any() for grad in net.grads.values())


def test_load_copies(net):
    rng = np.random.default_rng(1)
    given = {name: rng.normal(size=p.shape) for name, p in {**net.params, **net.buffers}.items()}
    net.load(given)
    for name, p in {**net.params, **net.buffers}.items():
        np.testing.assert_array_equal(p, given[name])
        assert not np.shares_memory(p, given[name])


def test_load_refuses_what_does_not_fit_and_changes_nothing(net):
    before = {name: p.copy() for name, p in net.params.items()}
    given = {name: p + 1.0 for name, p in {**net.params, **net.buffers}.items()}
    without = {name: p for name, p in given.items() if name != "first.bias"}
    with pytest.raises(ValueError, match=r"missing \['first.bias'\], unknown \['third.bias'\]"):
        net.load(without | {"third.bias": np.zeros(3)})
    with pytest.raises(ValueError, match=r"Net.load: missing \['first.bias'\], unknown none$"):
        net.load(without)
    with pytest.raises(ValueError, match=r"Net.load: missing none, unknown \['third.bias'\]$"):
        net.load(given | {"third.bias": np.zeros(3)})
    with pytest.raises(ValueError, match=r"blocks.1.fc.weight expected shape \(2, 3\), got \(3, 2\)"):
        net.load(given | {"blocks.1.fc.weight": np.zeros((3, 2))})
    assert all(np.array_equal(p, before[name]) for name, p in net.params.items())


def test_a_layer_that_is_used_twice_is_listed_once(net):
    net.again = net.first
    assert "again.weight" not in net.params
    assert "first.weight" in net.params
