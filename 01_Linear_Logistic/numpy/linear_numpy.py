"""Linear regression in NumPy: the linear layer, the squared error, gradient descent, and the closed form.

Every gradient below is derived in `../theory.md`, section by section. Arrays follow PyTorch's layout: a weight is
`(out, in)`, so that `y = x W^T + b`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

Array = np.ndarray


def xavier_uniform(out_features: int, in_features: int, *, rng: np.random.Generator) -> Array:
    """A weight drawn uniformly with variance 2 / (in + out) (Glorot, Bengio 2010, equation 16).

    A uniform draw on [-a, a] has variance a^2 / 3, hence a = sqrt(6 / (in + out)). With `in` alone in the denominator
    it would be He's scale, which is meant for ReLU networks.

    Returns: (out, in)
    """
    # eq: xavier
    bound = np.sqrt(6.0 / (in_features + out_features))
    return rng.uniform(-bound, bound, size=(out_features, in_features))


# --8<-- [start:linear]
class Linear:
    """y = x W^T + b on the last axis of x.

    Args:
        in_features, out_features: sizes of the last axis before and after.
        rng: draws the initial weight (Xavier); the bias starts at zero.

    Raises:
        ValueError: the input's last axis is not `in_features`, or the input is empty.
    """

    def __init__(
        self, in_features: int, out_features: int, *, rng: np.random.Generator, dtype: DTypeLike = np.float64
    ) -> None:
        self.in_features = in_features
        self.out_features = out_features
        self.params = {
            "weight": xavier_uniform(out_features, in_features, rng=rng).astype(dtype),  # (out, in)
            "bias": np.zeros(out_features, dtype=dtype),  # (out,)
        }
        self.grads = {name: np.zeros_like(p) for name, p in self.params.items()}

    def forward(self, x: Array) -> Array:
        """x: (..., in), any number of leading axes. Returns: (..., out)"""
        if x.ndim == 0 or x.shape[-1] != self.in_features:
            raise ValueError(
                f"Linear expected (..., {self.in_features}) with {self.in_features} features, got {x.shape}"
            )
        if x.size == 0:
            raise ValueError(f"Linear got an empty batch of shape {x.shape}; it needs at least one example")
        self.x = x
        # eq: linear-forward
        return x @ self.params["weight"].T + self.params["bias"]  # (..., in) -> (..., out)

    def backward(self, dy: Array) -> Array:
        """dy: (..., out). Adds to `grads`. Returns: dx (..., in)"""
        expected = (*self.x.shape[:-1], self.out_features)
        if dy.shape != expected:
            raise ValueError(f"Linear.backward expected dy of shape {expected}, as forward returned, got {dy.shape}")
        x2d = self.x.reshape(-1, self.in_features)  # (N, in): every leading axis is an axis of examples
        dy2d = dy.reshape(-1, self.out_features)  # (N, out)
        # eq: linear-weight-backward
        self.grads["weight"] += dy2d.T @ x2d  # dL/dW = dy^T x, summed over the examples
        # eq: linear-bias-backward
        self.grads["bias"] += dy2d.sum(axis=0)  # dL/db = sum of dy over the examples
        # eq: linear-input-backward
        return dy @ self.params["weight"]  # dL/dx = dy W

    def zero_grads(self) -> None:
        for grad in self.grads.values():
            grad[...] = 0.0


# --8<-- [end:linear]


# --8<-- [start:mse]
class MSELoss:
    """L = mean over all elements of (prediction - target)^2.

    Raises:
        ValueError: the shapes differ, or there is nothing to average. NumPy would broadcast (n, 1) against (n,) to an
            (n, n) table of differences and return a plausible number.
    """

    def __init__(self) -> None:
        self.params: dict[str, Array] = {}
        self.grads: dict[str, Array] = {}

    def forward(self, prediction: Array, target: Array) -> float:
        """prediction, target: any equal shape."""
        if prediction.shape != target.shape:
            raise ValueError(f"MSELoss expected a target of shape {prediction.shape}, got {target.shape}")
        if prediction.size == 0:
            raise ValueError(f"MSELoss got an empty batch of shape {prediction.shape}; its mean is undefined")
        self.difference = prediction - target
        return float((self.difference**2).mean())

    def backward(self, dy: float = 1.0) -> Array:
        """Returns: dL/dprediction, of the prediction's shape."""
        # eq: mse-backward
        return (2.0 * dy / self.difference.size) * self.difference  # dL/dp = 2 (p - t) / N

    def zero_grads(self) -> None: ...


# --8<-- [end:mse]


# --8<-- [start:gradient_descent]
class GradientDescent:
    """w <- w - lr dL/dw, in place (LeCun et al. 1998, equation 18).

    With one mini-batch per step this is stochastic gradient descent. It remembers nothing, so `state` stays empty.
    """

    def __init__(self, params: dict[str, Array], lr: float = 0.1) -> None:
        if lr <= 0:
            raise ValueError(f"GradientDescent needs a learning rate above 0, got {lr}")
        self.params = params
        self.lr = lr
        self.state: dict[str, dict[str, Array]] = {}

    def step(self, grads: dict[str, Array]) -> None:
        """grads: a gradient for every parameter, under its name and of its shape; anything else is a ValueError."""
        if grads.keys() != self.params.keys():
            wrong = sorted(grads.keys() ^ self.params.keys())
            raise ValueError(f"{type(self).__name__}.step: names differ between parameters and gradients: {wrong}")
        for name, param in self.params.items():
            if grads[name].shape != param.shape:
                shapes = f"has shape {param.shape}, its gradient {grads[name].shape}"
                raise ValueError(f"{type(self).__name__}.step: {name} {shapes}")
        for name, param in self.params.items():
            # eq: gradient-descent
            param -= self.lr * grads[name]


# --8<-- [end:gradient_descent]


# --8<-- [start:model]
class LinearRegression:
    """One linear layer; the smallest model there is.

    A model has the surface of a layer. Its parameters are the layer's own arrays under dotted names, the names that the
    paper level's `state_dict()` has.
    """

    def __init__(
        self, in_features: int, out_features: int = 1, *, rng: np.random.Generator, dtype: DTypeLike = np.float64
    ) -> None:
        self.linear = Linear(in_features, out_features, rng=rng, dtype=dtype)
        self.params = {f"linear.{name}": p for name, p in self.linear.params.items()}
        self.grads = {f"linear.{name}": g for name, g in self.linear.grads.items()}

    def forward(self, x: Array) -> Array:
        """x: (B, in). Returns: prediction (B, out)"""
        return self.linear.forward(x)

    def backward(self, dy: Array) -> Array:
        """dy: (B, out). Returns: dx (B, in)"""
        return self.linear.backward(dy)

    def zero_grads(self) -> None:
        self.linear.zero_grads()


# --8<-- [end:model]


# --8<-- [start:training_step]
def training_step(
    model: LinearRegression, criterion: MSELoss, optimizer: GradientDescent, x: Array, targets: Array
) -> float:
    """Forward, backward, update. Returns: the loss before the update."""
    loss = criterion.forward(model.forward(x), targets)
    model.zero_grads()
    model.backward(criterion.backward())
    optimizer.step(model.grads)
    return loss


# --8<-- [end:training_step]


# --8<-- [start:closed_form]
def least_squares(x: Array, y: Array) -> tuple[Array, Array]:
    """The weight and bias that minimise the squared error, in one step.

    The minimiser solves the normal equations X^T X W^T = X^T Y. They are not formed here: the condition number of
    X^T X is the square of that of X, which costs twice the digits (measured in `test_linear_numpy.py`). `lstsq`
    works on X itself, through its singular values. Centring takes the bias out of the system, so it stays exact when
    features are linearly dependent, as constant pixels are; of all minimisers this is the one of smallest weights.

    Args:
        x: (n, in). y: (n, out).
    Returns: weight (out, in), bias (out,)
    """
    check_examples("least_squares", x, y)
    x_mean, y_mean = x.mean(axis=0), y.mean(axis=0)
    # eq: least-squares
    solution = np.linalg.lstsq(x - x_mean, y - y_mean, rcond=None)[0]  # (in, out)
    weight = solution.T  # (out, in)
    return weight, y_mean - weight @ x_mean


def normal_equations(x: Array, y: Array) -> tuple[Array, Array]:
    """The same minimiser by the formula of the textbook, W^T = (X^T X)^-1 X^T Y, with a column of ones for the bias.

    It is fast when n is large, and loses half of the digits when features nearly depend on each other.

    Args:
        x: (n, in). y: (n, out).
    Returns: weight (out, in), bias (out,)
    """
    check_examples("normal_equations", x, y)
    ones = np.ones((len(x), 1), dtype=x.dtype)
    x1 = np.concatenate([x, ones], axis=1)  # (n, in + 1)
    # eq: normal-equations
    solution = np.linalg.solve(x1.T @ x1, x1.T @ y)  # (in + 1, out)
    return solution[:-1].T, solution[-1]  # (out, in), (out,)


# --8<-- [end:closed_form]


def check_examples(solver: str, x: Array, y: Array) -> None:
    """Refuse what is no (n, in) with its (n, out); NumPy would broadcast a target of shape (n,) to something else."""
    if x.ndim != 2 or y.ndim != 2 or len(x) != len(y) or len(x) == 0:
        raise ValueError(f"{solver} expected x (n, in) and y (n, out) with n >= 1, got {x.shape} and {y.shape}")
