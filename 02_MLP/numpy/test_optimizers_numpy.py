import numpy as np
import pytest
from optimizers_numpy import SGD, Adam, AdamW, RMSprop

ALL = [SGD, RMSprop, Adam, AdamW]


def params():
    return {"weight": np.ones((3, 2)), "bias": np.ones(3)}


@pytest.mark.parametrize("name", ALL)
def test_updates_in_place_and_leaves_the_gradients(name):
    p = params()
    held = p["weight"]
    grads = {"weight": np.full((3, 2), 0.5), "bias": np.zeros(3)}
    before = {k: g.copy() for k, g in grads.items()}
    optimizer = name(p, lr=0.1)
    for _ in range(2):
        optimizer.step(grads)
    assert held is p["weight"]
    assert (held < 1.0).all()
    assert all(np.array_equal(grads[k], before[k]) for k in grads)


@pytest.mark.parametrize("name", ALL)
def test_float32_stays_float32(name):
    p = {"weight": np.ones(3, np.float32)}
    optimizer = name(p, lr=0.1, weight_decay=0.1)
    optimizer.step({"weight": np.ones(3, np.float32)})
    assert p["weight"].dtype == np.float32
    assert all(v.dtype == np.float32 for k, s in optimizer.state.items() if k != "step" for v in s.values())


@pytest.mark.parametrize("name", ALL)
def test_wrong_arguments_are_refused(name):
    with pytest.raises(ValueError, match="no parameters"):
        name({}, lr=0.1)
    with pytest.raises(ValueError, match="lr must be at least 0, got -1"):
        name(params(), lr=-1)
    with pytest.raises(ValueError, match="weight_decay must be at least 0"):
        name(params(), weight_decay=-0.1)
    with pytest.raises(ValueError, match=r"names differ .*\['bias'\]"):
        name(params()).step({"weight": np.ones((3, 2))})
    with pytest.raises(ValueError, match=r"weight has shape \(3, 2\), its gradient \(2, 3\)"):
        name(params()).step({"weight": np.ones((2, 3)), "bias": np.ones(3)})


@pytest.mark.parametrize("name", ALL)
def test_a_wrong_shape_is_refused_before_anything_moves(name):
    p = params()
    optimizer = name(p, lr=0.1)
    with pytest.raises(ValueError, match=r"bias has shape \(3,\), its gradient \(1,\)"):
        optimizer.step({"weight": np.ones((3, 2)), "bias": np.ones(1)})
    assert all((value == 1.0).all() for value in p.values())


def test_wrong_coefficients_are_refused():
    with pytest.raises(ValueError, match=r"momentum must be in \[0, 1\), got 1"):
        SGD(params(), momentum=1)
    with pytest.raises(ValueError, match="nesterov"):
        SGD(params(), nesterov=True)
    with pytest.raises(ValueError, match=r"alpha must be in \[0, 1\)"):
        RMSprop(params(), alpha=1.5)
    with pytest.raises(ValueError, match=r"betas\[1\] must be in \[0, 1\)"):
        Adam(params(), betas=(0.9, 1.0))


def test_adams_first_step_has_the_size_of_the_learning_rate():
    """theory.md: after one step m^ / sqrt v^ = g / |g|, whatever the size of the gradient."""
    p = {"w": np.zeros(3)}
    Adam(p, lr=0.01).step({"w": np.array([1e-3, -5.0, 1e4])})
    np.testing.assert_allclose(p["w"], [-0.01, 0.01, -0.01], rtol=1e-4)


def test_decoupled_decay_is_not_coupled_decay():
    grads = {"w": np.array([100.0, 0.01])}
    coupled, decoupled = {"w": np.array([1.0, 1.0])}, {"w": np.array([1.0, 1.0])}
    Adam(coupled, lr=0.1, weight_decay=0.5).step(grads)
    AdamW(decoupled, lr=0.1, weight_decay=0.5).step(grads)
    np.testing.assert_allclose(coupled["w"], [0.9, 0.9])  # the decay vanished in the normalised step
    np.testing.assert_allclose(decoupled["w"], [0.85, 0.85], rtol=1e-5)  # 1 - 0.1 * 0.5 - 0.1


def test_momentum_approaches_its_terminal_speed():
    """theory.md: under a constant gradient the step tends to lr / (1 - momentum) times the gradient."""
    p = {"w": np.zeros(1)}
    optimizer = SGD(p, lr=0.1, momentum=0.9)
    for _ in range(200):
        before = p["w"].copy()
        optimizer.step({"w": np.ones(1)})
    np.testing.assert_allclose(before - p["w"], 1.0, rtol=1e-6)
