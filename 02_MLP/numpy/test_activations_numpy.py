import math

import activations_numpy
import numpy as np
import pytest
from activations_numpy import ELU, GELU, Activation, GELUTanh, LeakyReLU, ReLU, ScaledTanh, Sigmoid, SiLU, Softmax, Tanh
from activations_numpy import erf as our_erf
from hypothesis import given, settings
from hypothesis import strategies as st

from utils.parity.gradcheck import check_layer

SMOOTH = [Sigmoid, Tanh, ScaledTanh, LeakyReLU, ReLU, ELU, GELU, GELUTanh, SiLU, Softmax]


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), name=st.sampled_from(SMOOTH), rows=st.integers(2, 7), columns=st.integers(2, 7))
def test_gradients_against_central_differences(seed, name, rows, columns):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, columns)) * 2.0
    x[np.abs(x) < 1e-4] = 0.5  # a central difference across the kink of ReLU measures the kink
    bad = [f for f in check_layer(name(), (x,), rng) if not f.ok]
    assert not bad, bad


@pytest.mark.parametrize("name", SMOOTH)
def test_float32_stays_float32(name):
    layer = name()
    x = np.linspace(-3, 3, 10, dtype=np.float32).reshape(2, 5)
    assert layer.forward(x).dtype == np.float32
    assert layer.backward(np.ones_like(x)).dtype == np.float32


@pytest.mark.parametrize("name", SMOOTH)
def test_bad_shapes_are_refused(name):
    layer = name()
    with pytest.raises(ValueError, match="empty batch of shape"):
        layer.forward(np.zeros((0, 5)))
    layer.forward(np.zeros((2, 5)))
    with pytest.raises(ValueError, match=r"expected dy of shape \(2, 5\), got \(5, 2\)"):
        layer.backward(np.zeros((5, 2)))


def test_every_activation_is_tested():
    found = [v for v in vars(activations_numpy).values() if isinstance(v, type) and issubclass(v, Activation)]
    assert {*found, Softmax} == {*SMOOTH, Activation}


def test_erf_is_the_error_function():
    x = np.concatenate([np.linspace(-7, 7, 20_001), [1e-300, -1e-300, 1e4, -1e4, np.inf, -np.inf]])
    exact = np.array([math.erf(v) for v in x])
    np.testing.assert_allclose(our_erf(x), exact, rtol=4e-15, atol=2e-16)
    np.testing.assert_allclose(our_erf(x.astype(np.float32)), exact, atol=2e-7)
    assert np.isnan(our_erf(np.array([np.nan]))).all()


def test_gelu_tanh_differs_by_what_the_page_says():
    x = np.linspace(-6, 6, 100_001)
    difference = np.abs(GELU().forward(x) - GELUTanh().forward(x)).max()
    assert 4e-4 < difference < 5e-4


def test_scaled_tanh_passes_through_one():
    y = ScaledTanh().forward(np.array([-1.0, 1.0]))
    np.testing.assert_allclose(y, [-1.0, 1.0], atol=5e-6)


def test_scaled_tanh_curves_most_at_one():
    x = np.linspace(0, 3, 3001)
    y = ScaledTanh().forward(x)
    curvature = np.abs(np.diff(y, 2))
    assert abs(x[1:-1][curvature.argmax()] - 1.0) < 0.02


def test_the_numbers_of_the_page():
    """activations.md: largest derivative, lowest value and its place."""
    x = np.linspace(-8, 8, 160_001)
    largest = {"Sigmoid": 0.25, "Tanh": 1.0, "ScaledTanh": 1.144, "GELU": 1.129, "SiLU": 1.100}
    for name, value in largest.items():
        layer = getattr(activations_numpy, name)()
        layer.forward(x)
        assert layer.backward(np.ones_like(x)).max() == pytest.approx(value, abs=6e-4), name
    for kind, lowest, place in ((GELU, -0.17, -0.75), (SiLU, -0.28, -1.28)):
        y = kind().forward(x)
        assert y.min() == pytest.approx(lowest, abs=5e-3)
        assert x[y.argmin()] == pytest.approx(place, abs=5e-3)
    sigmoid = Sigmoid()
    sigmoid.forward(np.array([6.0]))
    assert sigmoid.backward(np.ones(1))[0] < 0.0025
