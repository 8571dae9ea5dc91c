import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lenet_modern_numpy import LeNetModern
from lenet_numpy import (
    C3_TABLE,
    FULL_TABLE,
    RBF,
    LeNet5,
    MAPLoss,
    RBFLoss,
    Subsampling,
    TableConv2d,
    digit_codes,
    training_step,
)
from optimizers_numpy import SGD

from utils.parity.gradcheck import check_layer, numeric_gradient

SEEDS = st.integers(0, 2**32 - 1)


def rng_of(seed=0):
    return np.random.default_rng(seed)


def refuse_failures(findings):
    bad = [f for f in findings if not f.ok]
    assert not bad, bad


@given(seed=SEEDS, channels=st.integers(1, 4), height=st.integers(1, 4), width=st.integers(1, 4))
def test_subsampling(seed, channels, height, width):
    rng = rng_of(seed)
    layer = Subsampling(channels, rng=rng)
    layer.params["bias"][...] = rng.normal(size=channels)
    refuse_failures(check_layer(layer, (rng.normal(size=(2, channels, 2 * height, 2 * width)),), rng))


@given(seed=SEEDS, links=st.integers(1, 3))
def test_table_convolution(seed, links):
    rng = rng_of(seed)
    table = tuple(tuple(sorted(rng.choice(3, links, replace=False))) for _ in range(4))
    refuse_failures(check_layer(TableConv2d(table, 3, 2, rng=rng), (rng.normal(size=(2, 3, 4, 5)),), rng))


@given(seed=SEEDS, classes=st.integers(2, 6), size=st.integers(2, 6))
def test_rbf(seed, classes, size):
    rng = rng_of(seed)
    refuse_failures(check_layer(RBF(rng.normal(size=(classes, size))), (rng.normal(size=(3, size)),), rng))


@given(seed=SEEDS, loss=st.sampled_from([RBFLoss, MAPLoss]), j=st.floats(0.01, 5.0))
def test_losses(seed, loss, j):
    rng = rng_of(seed)
    criterion = MAPLoss(j) if loss is MAPLoss else RBFLoss()
    refuse_failures(check_layer(criterion, (rng.uniform(0, 5, size=(4, 6)), rng.integers(0, 6, 4)), rng))


def test_table_one():
    """Rows of Table I: six maps of 3 neighbours, six of 4, three of 4 in two pairs, one of all; every input in ten maps."""
    assert [len(maps) for maps in C3_TABLE] == [3] * 6 + [4] * 9 + [6]
    assert len(set(C3_TABLE)) == 16
    uses = np.bincount([c for maps in C3_TABLE for c in maps])
    assert uses.tolist() == [10] * 6
    for shift in range(6):  # the first twelve wrap around
        assert tuple(sorted((shift + i) % 6 for i in range(3))) in C3_TABLE[:6]
        assert tuple(sorted((shift + i) % 6 for i in range(4))) in C3_TABLE[6:12]


def test_full_table_is_an_ordinary_convolution():
    from conv_numpy import Conv2d

    rng = rng_of()
    table, plain = TableConv2d(FULL_TABLE, 6, 5, rng=rng), Conv2d(6, 16, 5, rng=rng)
    plain.params["weight"][...] = table.params["weight"].reshape(16, 6, 5, 5)
    x = rng.normal(size=(2, 6, 7, 8))
    np.testing.assert_array_equal(table.forward(x), plain.forward(x))


def test_a_link_is_there_or_not():
    with pytest.raises(
        ValueError, match=r"TableConv2d expected every link once in its table, got \(0, 2, 0\) for map 1"
    ):
        TableConv2d(((0, 1), (0, 2, 0)), 3, 2, rng=rng_of())


def test_codes_look_like_digits():
    codes = digit_codes()
    assert codes.shape == (10, 84)
    assert set(np.unique(codes)) == {-1.0, 1.0}
    one = "\n".join("".join(" #"[int(p > 0)] for p in row) for row in codes[1].reshape(12, 7))
    assert one.splitlines()[:3] == ["   ##  ", "  ###  ", " ####  "]


def test_equation_9_pushes_wrong_codes_away_only_while_they_are_near():
    loss = MAPLoss(0.1)
    y = np.array([[0.5, 0.4, 50.0]])
    loss.forward(y, np.array([0]))
    right, near, far = loss.backward()[0]
    assert right > 0 > near
    assert abs(far) < 1e-20


def test_equation_9_stays_finite():
    loss = MAPLoss()
    for y in (np.full((2, 3), 1e4), np.zeros((2, 3)), np.array([[1e4, 0.0, 1e-300]] * 2)):
        assert np.isfinite(loss.forward(y, np.array([0, 1])))
        assert np.isfinite(loss.backward()).all()
    # a large j: without the shift every exponential would be 0, and its logarithm -inf
    far = MAPLoss(j=1000.0)
    assert far.forward(np.array([[1000.0, 1001.0]]), np.array([0])) == pytest.approx(np.log(2.0 + np.exp(-1.0)))
    np.testing.assert_allclose(far.backward(), [[1.0 - 1.0 / far.total[0], -np.exp(-1.0) / far.total[0]]], rtol=1e-12)


@pytest.mark.parametrize(("model", "loss"), [("lenet5", MAPLoss), ("lenet5", RBFLoss), ("modern", None)])
def test_input_gradient_of_the_whole_model(model, loss):
    from logistic_numpy import CrossEntropyLoss

    rng = rng_of(1)
    net = LeNet5(rng=rng) if model == "lenet5" else LeNetModern(rng=rng)
    criterion = loss() if loss else CrossEntropyLoss()
    x, labels = rng.normal(size=(2, 1, 32, 32)), np.array([3, 7])
    criterion.forward(net.forward(x), labels)
    dx = net.backward(criterion.backward())
    assert dx is not None
    at, slopes = numeric_gradient(lambda: criterion.forward(net.forward(x), labels), x, rng, entries=40)
    np.testing.assert_allclose(dx.reshape(-1)[at], slopes, rtol=1e-5, atol=1e-7)
    whole = {name: grad.copy() for name, grad in net.grads.items()}
    net.zero_grads()
    criterion.forward(net.forward(x), labels)
    assert net.backward(criterion.backward(), input_grad=False) is None
    for name, grad in net.grads.items():
        np.testing.assert_array_equal(grad, whole[name])


@pytest.mark.parametrize(("build", "count"), [(LeNet5, 60_000), (LeNetModern, 61_706)])
def test_float32_stays_float32(build, count):
    rng = rng_of()
    net = build(rng=rng, dtype=np.float32)
    assert sum(p.size for p in net.params.values()) == count
    y = net.forward(rng.normal(size=(3, 1, 32, 32)).astype(np.float32))
    dx = net.backward(np.ones_like(y))
    assert dx is not None
    assert y.dtype == dx.dtype == np.float32
    assert {grad.dtype for grad in net.grads.values()} == {np.dtype(np.float32)}


def test_full_table_count():
    assert sum(p.size for p in LeNet5(rng=rng_of(), table=FULL_TABLE).params.values()) == 60_900


def test_a_training_step_lowers_the_loss():
    rng = rng_of()
    net, criterion = LeNet5(rng=rng), MAPLoss()
    optimizer = SGD(net.params, lr=0.001)
    images, labels = rng.normal(size=(5, 1, 32, 32)), rng.integers(0, 10, 5)
    first = training_step(net, criterion, optimizer, images, labels)
    assert training_step(net, criterion, optimizer, images, labels) < first


def test_what_is_refused():
    rng = rng_of()
    with pytest.raises(ValueError, match=r"LeNet5 expected \(B, 1, 32, 32\), got \(2, 1, 28, 28\)"):
        LeNet5(rng=rng).forward(np.zeros((2, 1, 28, 28)))
    with pytest.raises(ValueError, match="empty batch"):
        LeNet5(rng=rng).forward(np.zeros((0, 1, 32, 32)))
    with pytest.raises(ValueError, match=r"LeNetModern expected \(B, 1, 32, 32\), got \(2, 3, 32, 32\)"):
        LeNetModern(rng=rng).forward(np.zeros((2, 3, 32, 32)))
    with pytest.raises(ValueError, match=r"Subsampling expected an even height and width, got \(2, 3, 5, 6\)"):
        Subsampling(3, rng=rng).forward(np.zeros((2, 3, 5, 6)))
    layer = Subsampling(3, rng=rng)
    layer.forward(np.zeros((2, 3, 4, 6)))
    with pytest.raises(
        ValueError, match=r"Subsampling.backward expected dy of shape \(2, 3, 2, 3\), got \(2, 3, 3, 2\)"
    ):
        layer.backward(np.zeros((2, 3, 3, 2)))
    with pytest.raises(ValueError, match=r"RBF expected a non-empty \(B, 84\), got \(2, 83\)"):
        RBF(digit_codes()).forward(np.zeros((2, 83)))
    with pytest.raises(ValueError, match="input maps from 0 to 2 in its table, got 3"):
        TableConv2d(((0, 3),), 3, 5, rng=rng)
    with pytest.raises(ValueError, match="j > 0"):
        MAPLoss(0.0)
    for loss in (RBFLoss(), MAPLoss()):
        with pytest.raises(ValueError, match="labels from 0 to 9, got 10"):
            loss.forward(np.zeros((2, 10)), np.array([0, 10]))
        with pytest.raises(ValueError, match="labels from 0 to 9, got -1"):
            loss.forward(np.zeros((2, 10)), np.array([-1, 1]))
        with pytest.raises(ValueError, match=r"got \(2, 10\) and \(3,\)"):
            loss.forward(np.zeros((2, 10)), np.array([0, 1, 2]))
        with pytest.raises(ValueError, match="non-empty"):
            loss.forward(np.zeros((0, 10)), np.zeros(0, dtype=int))
        with pytest.raises(ValueError, match="integer class labels, got float64"):
            loss.forward(np.zeros((2, 10)), np.array([0.0, 1.0]))
