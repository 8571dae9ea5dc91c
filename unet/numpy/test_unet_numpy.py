import numpy as np
import pytest
from unet_numpy import Scale, Unet

from utils.parity.gradcheck import numeric_gradient


def test_every_gradient_of_the_whole_model():
    rng = np.random.default_rng(0)
    model, x, dy = Unet(5, rng=rng), rng.normal(size=(7, 5)), rng.normal(size=(7, 5))
    model.forward(x)
    grads = {"x": model.backward(dy), **model.grads}
    for name, array in {"x": x, **model.params}.items():
        indices, slopes = numeric_gradient(lambda: np.sum(model.forward(x) * dy), array, rng)
        np.testing.assert_allclose(grads[name].reshape(-1)[indices], slopes, rtol=1e-6, atol=1e-8, err_msg=name)


def test_shapes_are_checked():
    with pytest.raises(ValueError, match=r"expected \(B, 5\), got \(7, 3\)"):
        Scale(5, rng=np.random.default_rng(0)).forward(np.ones((7, 3)))


def test_float32_stays_float32():
    model = Unet(5, rng=np.random.default_rng(0), dtype=np.float32)
    y = model.forward(np.ones((2, 5), np.float32))
    assert {y.dtype, model.backward(y).dtype, model.grads["scale.weight"].dtype} == {np.dtype(np.float32)}
