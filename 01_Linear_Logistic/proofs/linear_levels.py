"""Linear regression, ridge and lasso at every level, and what all of the chapter's ladders share: one linear layer.

The functions take a model or a pass and give the `Level` that runs it on the batches of the proofs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import linear_lowlevel
import linear_numpy
import numpy as np
import torch
from torch.nn import functional as F

from utils.ladder import Batch, Level, Params
from utils.levels import LowLevel, ModuleLevel, NumpyLevel

RIDGE_ALPHA, LASSO_ALPHA = 0.05, 0.1  # of the ladders
B, D, K = 5, 7, 3  # examples, features, outputs; fewer examples than features, so that one batch can be fitted exactly


# ---- what all ladders share: one linear layer ----


def init(outputs: int = K, features: int = D) -> Callable[[np.random.Generator], Params]:
    def draw(rng: np.random.Generator) -> Params:
        return {
            "linear.weight": rng.standard_normal((outputs, features)),
            "linear.bias": rng.standard_normal(outputs),
        }

    return draw


def regression_batch(rng: np.random.Generator) -> Batch:
    return {"inputs": rng.standard_normal((B, D)), "targets": rng.standard_normal((B, K))}


def binary_batch(rng: np.random.Generator) -> Batch:
    return {"inputs": rng.standard_normal((B, D)), "targets": rng.permutation([0.0, 1.0, 1.0, 0.0, 1.0])}


def class_batch(rng: np.random.Generator) -> Batch:
    return {"inputs": rng.standard_normal((B, D)), "targets": rng.permutation(np.array([0, 1, 2, 1, 2]))}


def sizes(params: Params) -> dict[str, int]:
    outputs, features = params["linear.weight"].shape
    return {"features": features, "outputs": outputs}


def gradient_descent(model: Any, lr: float = 0.1) -> linear_numpy.GradientDescent:
    return linear_numpy.GradientDescent(model.params, lr=lr)


def sgd(model: torch.nn.Module, lr: float = 0.1) -> torch.optim.SGD:
    return torch.optim.SGD(model.parameters(), lr=lr)


def numpy_level(
    model: Any, one_pass: Any, optimizer: Any = gradient_descent, activations: tuple[str, ...] = ("linear",)
) -> NumpyLevel:
    """`model(features, outputs, rng=..., dtype=...)`; see `NumpyLevel`."""

    def build(rng: np.random.Generator, dtype: Any, features: int = D, outputs: int = K) -> Any:
        return model(features, outputs, rng=rng, dtype=dtype)

    return NumpyLevel(build, one_pass, optimizer, activations=activations, sizes=sizes)


def lowlevel_level(
    one_pass: Any, optimizer: Any = linear_lowlevel.GradientDescent, module: Any = linear_lowlevel, outputs: int = K
) -> LowLevel:
    return LowLevel(lambda g: module.init_linear(D, outputs, generator=g), one_pass, optimizer, inputs=("inputs",))


def paper_level(
    model: Any, one_pass: Any, optimizer: Any = sgd, activations: tuple[str, ...] = ("linear",)
) -> ModuleLevel:
    """`model(features, outputs)`; see `ModuleLevel`."""

    def build(features: int = D, outputs: int = K) -> Any:
        return model(features, outputs)

    return ModuleLevel(
        build,
        one_pass,
        optimizer,
        inputs=("inputs",),
        init=lambda module, generator: module.reset_parameters(generator),
        activations=activations,
        sizes=sizes,
    )


# ---- linear regression ----


def linear_numpy_level(module: Any) -> Level:
    def one_pass(model: Any, batch: Batch, training: bool) -> Any:
        criterion = module.MSELoss()
        prediction = model.forward(batch["inputs"])
        loss = criterion.forward(prediction, batch["targets"])
        return {"prediction": prediction}, loss, lambda inputs: {"inputs": model.backward(criterion.backward())}

    optimizer = lambda model, lr=0.1: module.GradientDescent(model.params, lr=lr)  # noqa: E731
    return numpy_level(module.LinearRegression, one_pass, optimizer)


def linear_lowlevel_level(module: Any) -> Level:
    def one_pass(params: Any, batch: Any, training: bool) -> Any:
        prediction = module.linear_regression(params, batch["inputs"])
        return {"prediction": prediction}, module.mse_loss(prediction, batch["targets"]), {"linear": prediction}

    return lowlevel_level(one_pass, module.GradientDescent, module)


def linear_paper_level(module: Any) -> Level:
    def one_pass(model: Any, batch: Any) -> Any:
        prediction = model(batch["inputs"])
        return {"prediction": prediction}, F.mse_loss(prediction, batch["targets"])

    return paper_level(module.LinearRegression, one_pass)


# ---- ridge ----


def ridge_numpy_level(module: Any) -> Level:
    def one_pass(model: Any, batch: Batch, training: bool) -> Any:
        criterion, penalty = linear_numpy.MSELoss(), module.L2Penalty(RIDGE_ALPHA)
        prediction = model.forward(batch["inputs"])
        loss = criterion.forward(prediction, batch["targets"]) + penalty.forward(model.params["linear.weight"])

        def backward(inputs: bool) -> Any:
            dx = model.backward(criterion.backward())
            model.grads["linear.weight"] += penalty.backward()
            return {"inputs": dx}

        return {"prediction": prediction}, loss, backward

    return numpy_level(linear_numpy.LinearRegression, one_pass)


def ridge_lowlevel_level(module: Any) -> Level:
    def one_pass(params: Any, batch: Any, training: bool) -> Any:
        prediction = linear_lowlevel.linear_regression(params, batch["inputs"])
        loss = linear_lowlevel.mse_loss(prediction, batch["targets"])
        loss = loss + module.l2_penalty(params["linear.weight"], RIDGE_ALPHA)
        return {"prediction": prediction}, loss, {"linear": prediction}

    return lowlevel_level(one_pass)


def ridge_paper_level(module: Any) -> Level:
    def one_pass(model: Any, batch: Any) -> Any:
        prediction = model(batch["inputs"])
        return {"prediction": prediction}, module.ridge_loss(model, prediction, batch["targets"], RIDGE_ALPHA)

    return paper_level(module.LinearRegression, one_pass)


# ---- lasso: the loss is the smooth part, the optimizer knows the penalty ----


def lasso_numpy_level(module: Any) -> Level:
    def one_pass(model: Any, batch: Batch, training: bool) -> Any:
        criterion = linear_numpy.MSELoss()
        prediction = model.forward(batch["inputs"])
        loss = 0.5 * criterion.forward(prediction, batch["targets"])
        penalty = np.array(module.l1_penalty(model.params["linear.weight"], LASSO_ALPHA))
        backward = lambda inputs: {"inputs": model.backward(criterion.backward(0.5))}  # noqa: E731
        return {"prediction": prediction, "penalty": penalty}, loss, backward

    def optimizer(model: Any, lr: float = 0.1, alpha: float = LASSO_ALPHA) -> Any:
        return module.ProximalGradient(model.params, lr=lr, alpha=alpha)

    return numpy_level(linear_numpy.LinearRegression, one_pass, optimizer)


def lasso_lowlevel_level(module: Any) -> Level:
    def one_pass(params: Any, batch: Any, training: bool) -> Any:
        prediction = linear_lowlevel.linear_regression(params, batch["inputs"])
        loss = 0.5 * linear_lowlevel.mse_loss(prediction, batch["targets"])
        penalty = module.l1_penalty(params["linear.weight"], LASSO_ALPHA)
        return {"prediction": prediction, "penalty": penalty}, loss, {"linear": prediction}

    def optimizer(params: Any, lr: float = 0.1, alpha: float = LASSO_ALPHA) -> Any:
        return module.ProximalGradient(params, lr=lr, alpha=alpha)

    return lowlevel_level(one_pass, optimizer)


def lasso_paper_level(module: Any) -> Level:
    def one_pass(model: Any, batch: Any) -> Any:
        prediction = model(batch["inputs"])
        penalty = LASSO_ALPHA * model.linear.weight.abs().sum()
        return {"prediction": prediction, "penalty": penalty}, module.lasso_loss(prediction, batch["targets"])

    def optimizer(model: Any, lr: float = 0.1, alpha: float = LASSO_ALPHA) -> Any:
        return module.ProximalGradient(model, lr=lr, alpha=alpha)

    return paper_level(module.LinearRegression, one_pass, optimizer)


# ---- the builders of each ladder ----

LINEAR_BUILDERS = {"numpy": linear_numpy_level, "pytorch_lowlevel": linear_lowlevel_level, "paper": linear_paper_level}
RIDGE_BUILDERS = {"numpy": ridge_numpy_level, "pytorch_lowlevel": ridge_lowlevel_level, "paper": ridge_paper_level}
LASSO_BUILDERS = {"numpy": lasso_numpy_level, "pytorch_lowlevel": lasso_lowlevel_level, "paper": lasso_paper_level}
