import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from logistic_numpy import CrossEntropyLoss
from mlp_numpy import (
    MLP,
    MLP1998,
    Dropout,
    SquaredError,
    dropout_mask,
    fans,
    glorot_uniform,
    he_normal,
    one_of_k,
    training_step,
)
from optimizers_numpy import AdamW

from utils.parity.gradcheck import numeric_gradient


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), depth=st.integers(1, 3), old=st.booleans())
def test_every_gradient_of_a_whole_network(seed, depth, old):
    rng = np.random.default_rng(seed)
    sizes = (5, *rng.integers(2, 6, depth), 3)
    x, labels = rng.normal(size=(4, 5)), rng.integers(0, 3, 4)
    model = (MLP1998 if old else MLP)(sizes, rng=rng)
    for p in model.params.values():
        p += rng.normal(size=p.shape)
    masks = [dropout_mask((4, width), 0.3, rng=rng) for width in sizes[1:-1]]
    criterion = SquaredError() if old else CrossEntropyLoss()
    target = one_of_k(labels, 3) if old else labels

    def loss():
        outputs = model.forward(x, masks) if isinstance(model, MLP) else model.forward(x)
        return criterion.forward(outputs, target)

    loss()
    model.zero_grads()
    grads = {"x": model.backward(criterion.backward()), **model.grads}
    for name, array in {"x": x, **model.params}.items():
        indices, slopes = numeric_gradient(loss, array, rng, entries=10)
        np.testing.assert_allclose(grads[name].reshape(-1)[indices], slopes, rtol=2e-5, atol=1e-7, err_msg=name)


def test_squared_error_is_the_papers_up_to_the_batch_size():
    """Rumelhart, Hinton, Williams 1986, equations 3 and 4: E = 1/2 sum over cases and units, dE/dy = y - d."""
    rng = np.random.default_rng(0)
    y, d = rng.normal(size=(5, 3)), rng.normal(size=(5, 3))
    criterion = SquaredError()
    assert criterion.forward(y, d) * 5 == pytest.approx(0.5 * np.sum((y - d) ** 2))
    np.testing.assert_allclose(criterion.backward(dy=5.0), y - d)


def test_shapes_and_labels_are_checked():
    rng = np.random.default_rng(0)
    model = MLP((5, 4, 3), rng=rng)
    with pytest.raises(ValueError, match="5 features"):
        model.forward(np.zeros((2, 7)))
    with pytest.raises(ValueError, match="empty batch"):
        model.forward(np.zeros((0, 5)))
    with pytest.raises(ValueError, match="expected 1 dropout masks, got 2"):
        model.forward(np.zeros((2, 5)), [np.ones((2, 4))] * 2)
    with pytest.raises(ValueError, match=r"mask of shape \(2, 4\), got \(2, 3\)"):
        model.forward(np.zeros((2, 5)), [np.ones((2, 3))])
    with pytest.raises(ValueError, match="at least an input, a hidden and an output"):
        MLP((5, 3), rng=rng)
    with pytest.raises(ValueError, match="MLP1998 needs at least an input, a hidden and an output"):
        MLP1998((5, 3), rng=rng)
    with pytest.raises(ValueError, match=r"Dropout got an empty batch of shape \(0, 4\)"):
        Dropout().forward(np.zeros((0, 4)), np.zeros((0, 4)))
    with pytest.raises(ValueError, match="labels from 0 to 2, got -1"):
        one_of_k(np.array([0, -1]), 3)
    with pytest.raises(ValueError, match=r"p must be in \[0, 1\), got 1"):
        dropout_mask((2, 2), 1.0, rng=rng)
    with pytest.raises(ValueError, match="labels from 0 to 2, got 3"):
        one_of_k(np.array([0, 3]), 3)
    with pytest.raises(ValueError, match=r"got \(2, 3\) and \(2, 4\)"):
        SquaredError().forward(np.zeros((2, 3)), np.zeros((2, 4)))
    with pytest.raises(ValueError, match="empty batch"):
        SquaredError().forward(np.zeros((0, 3)), np.zeros((0, 3)))
    with pytest.raises(ValueError, match=r"at least \(out, in\)"):
        he_normal((3,), rng=rng)


def test_each_network_is_drawn_by_its_rule():
    """He's rule for ReLU, LeCun's for the scaled tanh: sizes at which Glorot's would differ by a third."""
    for p in MLP((300, 200, 100), rng=np.random.default_rng(0)).params.values():
        want = np.sqrt(2.0 / p.shape[1]) if p.ndim > 1 else 0.0
        assert p.std() == pytest.approx(want, rel=0.02)
        assert p.ndim == 1 or np.abs(p).max() > 3.5 * want  # normal: a uniform draw ends at sqrt(3) deviations
    for p in MLP1998((300, 200, 100), rng=np.random.default_rng(0)).params.values():
        assert np.abs(p).max() == pytest.approx(2.4 / p.shape[1] if p.ndim > 1 else 0.0, rel=1e-2)
        assert p.std() == pytest.approx(2.4 / p.shape[1] / np.sqrt(3) if p.ndim > 1 else 0.0, rel=0.02)


def test_fans_count_the_kernel():
    assert fans((7, 5)) == (5, 7)
    assert fans((7, 5, 3, 2)) == (30, 42)


def test_dropout_without_a_mask_is_the_identity():
    x = np.random.default_rng(0).normal(size=(3, 4))
    layer = Dropout()
    np.testing.assert_array_equal(layer.forward(x), x)
    np.testing.assert_array_equal(layer.backward(x), x)


def test_he_keeps_the_signal_and_glorot_halves_it_under_relu():
    """theory.md: under ReLU the mean square keeps its size with Var = 2 / n, and halves with 1 / n."""
    rng = np.random.default_rng(0)
    for rule, factor in ((he_normal, 1.0), (glorot_uniform, 0.5)):
        x = rng.normal(size=(1000, 400))
        sizes = [np.mean(x**2)]
        for _ in range(5):
            x = np.maximum(x @ rule((400, 400), rng=rng).T, 0.0)
            sizes.append(np.mean(x**2))
        measured = (sizes[-1] / sizes[1]) ** 0.25
        assert measured == pytest.approx(factor, rel=0.06)


def test_float32_stays_float32():
    rng = np.random.default_rng(0)
    for model in (MLP((5, 4, 3), rng=rng, dtype=np.float32), MLP1998((5, 4, 3), rng=rng, dtype=np.float32)):
        y = model.forward(np.ones((2, 5), np.float32))
        dx = model.backward(np.ones_like(y))
        assert {y.dtype, dx.dtype, *(g.dtype for g in model.grads.values())} == {np.dtype(np.float32)}


def test_float32_stays_float32_under_masks():
    rng = np.random.default_rng(0)
    model = MLP((5, 4, 3), rng=rng, dtype=np.float32)
    y = model.forward(np.ones((2, 5), np.float32), [dropout_mask((2, 4), 0.5, rng=rng)])
    dx = model.backward(np.ones_like(y))
    assert {y.dtype, dx.dtype, *(g.dtype for g in model.grads.values())} == {np.dtype(np.float32)}


def test_the_training_steps_of_the_levels_are_equal():
    """The steps that the page shows side by side, from the same weights, five times."""
    import mlp_lowlevel
    import mlp_paper
    import optimizers_lowlevel
    import torch

    rng = np.random.default_rng(0)
    model = MLP((5, 7, 4, 3), rng=rng)
    start = {name: p.copy() for name, p in model.params.items()}
    tensors = {name: torch.tensor(p, requires_grad=True) for name, p in start.items()}
    module = mlp_paper.MLP((5, 7, 4, 3)).double()
    module.load_state_dict({name: torch.tensor(p) for name, p in start.items()})
    ours = AdamW(model.params, lr=0.01)
    low = optimizers_lowlevel.AdamW(tensors, lr=0.01)
    theirs = torch.optim.AdamW(module.parameters(), lr=0.01)
    for _ in range(5):
        x, labels = rng.normal(size=(11, 5)), rng.integers(0, 3, 11)
        masks = [dropout_mask((11, width), 0.3, rng=rng) for width in (7, 4)]
        tx, tlabels, tmasks = torch.tensor(x), torch.tensor(labels), [torch.tensor(m) for m in masks]
        losses = [
            training_step(model, ours, x, labels, masks),
            mlp_lowlevel.training_step(tensors, low, tx, tlabels, tmasks),
            mlp_paper.training_step(module, theirs, tx, tlabels, tmasks),
        ]
        np.testing.assert_allclose(losses, losses[0], rtol=1e-12)
    for name, p in module.state_dict().items():
        np.testing.assert_allclose(model.params[name], p.numpy(), rtol=1e-9, atol=1e-11)
        np.testing.assert_allclose(tensors[name].detach().numpy(), p.numpy(), rtol=1e-9, atol=1e-11)
