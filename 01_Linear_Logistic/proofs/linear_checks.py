"""The chapter's own proofs: closed forms and minimisers against scikit-learn, initialisation, training steps, parameter counts.

Each is a function (load, generator) -> findings, declared in `../ladder.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import torch
from linear_data import load_rows
from linear_layers import extremes
from linear_levels import LASSO_ALPHA, RIDGE_ALPHA
from torch import nn
from torch.nn import functional as F

from utils.ladder import Batch, Check, Ladder, Load, load_ladders
from utils.levels.arrays import to_numpy, to_torch
from utils.parity.cases import near
from utils.parity.compare import compare, compare_all
from utils.parity.finding import Finding, failed

Solution = tuple[np.ndarray, np.ndarray]  # weight (out, in), bias (out,)


def ladder(name: str) -> Ladder:
    return load_ladders("01")[name]


def levels(name: str, load: Load, **sizes: Any) -> Iterator[tuple[str, Any]]:
    """Every level of a ladder with its name, at these sizes."""
    for level in ladder(name).builders:
        yield level, ladder(name).level(level, load=load, **sizes)


# ---- initialisation, training ----


def initialisation(ladder_name: str, draws: int = 1, **sizes: int) -> Check:
    """Xavier at every level: zero biases, weights uniform with variance 2 / (in + out).

    Args:
        draws: how many models are measured together.
        sizes: with enough outputs to tell it from He's variance, 2 / in.
    """
    variance = 2.0 / (sizes["in_features"] + sizes["out_features"])

    def run(load: Load, rng: np.random.Generator) -> list[Finding]:
        findings = []
        for name, level in levels(ladder_name, load, **sizes):
            drawn = [level.fresh(rng) for _ in range(draws)]
            weights = np.concatenate([params["linear.weight"] for params in drawn])
            biases = np.concatenate([params["linear.bias"] for params in drawn])
            # The sample variance of n uniform draws has a relative standard deviation of sqrt(0.8 / n); the largest
            # of them falls short of the bound by more than 10 / n with a probability of exp(-10).
            n, largest = weights.size, float(np.abs(weights).max())
            findings.append(near(f"{name} weight variance", float(weights.var()), variance, 5.0 * np.sqrt(0.8 / n)))
            findings.append(near(f"{name} largest weight", largest, np.sqrt(3.0 * variance), 10.0 / n))
            findings.append(compare(f"{name} bias", biases, np.zeros_like(biases), may_be_zero=True))
        return findings

    return Check("initialisation scale", run)


def training_step(load: Load, rng: np.random.Generator) -> list[Finding]:
    """Each level's own `training_step` takes the steps that the proofs take; the second shows whether gradients are reset."""
    params, batch = ladder("linear").random_params(rng), ladder("linear").batch(rng)
    want = ladder("linear").levels["paper"].train(params, [batch, batch])
    numpy, low, paper = load("linear_numpy"), load("linear_lowlevel"), load("linear_paper")
    net, leaves, module = (level.model(params) for _, level in levels("linear", load))
    sgd = torch.optim.SGD(module.parameters(), lr=0.1)
    x, targets = batch["inputs"], batch["targets"]
    given = torch.tensor(x), torch.tensor(targets)
    steps = {
        "numpy": partial(numpy.training_step, net, numpy.MSELoss(), numpy.GradientDescent(net.params), x, targets),
        "pytorch_lowlevel": partial(low.training_step, leaves, low.mse_loss, low.GradientDescent(leaves), *given),
        "paper": partial(paper.training_step, module, nn.MSELoss(), sgd, *given),
    }
    findings = [compare(f"{name} losses", [step(), step()], want.losses) for name, step in steps.items()]
    after = {"numpy": net.params, "pytorch_lowlevel": to_numpy(leaves), "paper": to_numpy(module.state_dict())}
    for name, got in after.items():
        findings += compare_all(f"{name} parameter", got, want.params)
    return findings


def weight_decay(load: Load, rng: np.random.Generator) -> list[Finding]:
    """`weight_decay` of 2 alpha in SGD takes the same steps as the penalty in the loss."""
    ridge = ladder("ridge")
    params, batches = ridge.random_params(rng), [ridge.batch(rng) for _ in range(10)]
    want = ridge.levels["paper"].train(params, batches).params
    model: Any = dict(levels("ridge", load))["paper"].model(params)
    optimizer = load("regularized_paper").ridge_optimizer(model, lr=0.1, alpha=RIDGE_ALPHA)
    for batch in map(to_torch, batches):
        optimizer.zero_grad()
        F.mse_loss(model(batch["inputs"]), batch["targets"]).backward()
        optimizer.step()
    return [compare(name, value.detach().numpy(), want[name]) for name, value in model.named_parameters()]


def descent(load: Load, rng: np.random.Generator) -> list[Finding]:
    """Gradient descent arrives, at every level, where the closed form says it will."""
    x, y = rng.standard_normal((97, 7)), rng.standard_normal((97, 3))
    weight, bias = load("linear_numpy").least_squares(x, y)
    start = ladder("linear").random_params(rng)
    findings = []
    for name, level in levels("linear", load):
        trainer = level.start(start, lr=1.3)
        for _ in range(80):
            trainer.step({"inputs": x, "targets": y})
        got = trainer.params()
        findings.append(compare(f"{name} weight", got["linear.weight"], weight, rtol=1e-8, atol=1e-10))
        findings.append(compare(f"{name} bias", got["linear.bias"], bias, rtol=1e-8, atol=1e-10))
    return findings


# ---- closed forms ----


def diabetes() -> Batch:
    """The training split, moved: features and targets have a mean, and the bias has something to do."""
    return {name: values + 1.0 for name, values in load_rows("diabetes", "train").items()}


def solve(load: Load, solver: str, x: np.ndarray, y: np.ndarray, *alpha: float) -> dict[str, Solution]:
    """What a solver, "module.function", finds at the NumPy and the low level."""
    module, function = solver.split(".")
    numpy, low = (getattr(load(f"{module}_{level}"), function) for level in ("numpy", "lowlevel"))
    weight, bias = low(torch.tensor(x), torch.tensor(y), *alpha)
    return {"numpy": numpy(x, y, *alpha), "pytorch_lowlevel": (weight.numpy(), bias.numpy())}


def fit(load: Load, x: np.ndarray, y: np.ndarray, alpha: float = 0.0) -> dict[str, Solution]:
    """What the closed form of the paper level, which has one function for least squares and ridge, sets a model to."""
    paper = load("linear_paper")
    model = paper.LinearRegression(x.shape[1], y.shape[1]).double()
    paper.fit_least_squares(model, torch.tensor(x), torch.tensor(y), alpha=alpha)
    return {"paper": (model.linear.weight.detach().numpy(), model.linear.bias.detach().numpy())}


def solved(what: str, found: dict[str, Solution], weight: np.ndarray, bias: Any) -> list[Finding]:
    """The solutions of every level against scikit-learn's."""
    findings = []
    for level, (our_weight, our_bias) in found.items():
        findings.append(compare(f"{what}{level} weight", our_weight, weight))
        findings.append(compare(f"{what}{level} bias", our_bias, bias))
    return findings


def balanced(
    ladder_name: str, load: Load, batch: Batch, weight: np.ndarray, bias: Any, gradient: np.ndarray
) -> list[Finding]:
    """At a minimiser that scikit-learn found, every level's gradient balances that of the penalty."""
    findings = []
    for name, level in levels(ladder_name, load, in_features=weight.shape[1], out_features=len(weight)):
        got = level.run({"linear.weight": weight, "linear.bias": bias}, batch, training=True).grads
        for parameter, want in {"weight": gradient, "bias": np.zeros_like(bias)}.items():
            what = f"{name} {parameter} gradient"
            findings.append(compare(what, got[f"linear.{parameter}"], want, atol=1e-9, may_be_zero=True))
    return findings


def closed_form(load: Load, rng: np.random.Generator) -> list[Finding]:
    """Least squares at each level against LinearRegression, on the diabetes data and on dependent features."""
    from sklearn.linear_model import LinearRegression

    data = diabetes()
    x, y = data["inputs"], np.concatenate([data["targets"], rng.standard_normal((len(data["inputs"]), 2))], axis=1)
    dependent = np.concatenate([x, x[:, :1] + x[:, 1:2], np.ones((len(x), 1))], axis=1)  # a sum, and a constant
    findings = []
    for what, features in (("diabetes", x), ("dependent features", dependent)):
        theirs = LinearRegression(tol=1e-12).fit(features, y)
        found = solve(load, "linear.least_squares", features, y) | fit(load, features, y)
        findings += solved(f"{what}, ", found, theirs.coef_, theirs.intercept_)
    return findings


def normal_equations(load: Load, rng: np.random.Generator) -> list[Finding]:
    """The textbook formula gives the minimiser of scikit-learn where the condition number is small."""
    from sklearn.linear_model import LinearRegression

    x, y = rng.standard_normal((23, 7)), rng.standard_normal((23, 3))
    theirs = LinearRegression(tol=1e-12).fit(x, y)
    return solved("", {"numpy": load("linear_numpy").normal_equations(x, y)}, theirs.coef_, theirs.intercept_)


def ridge(load: Load, rng: np.random.Generator) -> list[Finding]:
    """The closed form against Ridge; and at its solution the levels' gradient is 0, our alpha being theirs / n."""
    from sklearn.linear_model import Ridge

    data = diabetes()
    x, y = data["inputs"], data["targets"]
    findings = []
    for alpha in (3.7, 370.0, len(x) * RIDGE_ALPHA):
        theirs = Ridge(alpha=alpha, solver="svd").fit(x, y)
        weight, bias = theirs.coef_.reshape(1, -1), theirs.intercept_
        found = solve(load, "regularized.ridge", x, y, alpha) | fit(load, x, y, alpha)
        findings += solved(f"alpha {alpha:g}, ", found, weight, bias)
    return findings + balanced("ridge", load, data, weight, bias, np.zeros_like(weight))


# ---- minimisers without a closed form ----


def lasso(load: Load, rng: np.random.Generator) -> list[Finding]:
    """ISTA against Lasso, zeros included; and there the gradient of the smooth part is -alpha sign(w) where w is not 0."""
    from sklearn.linear_model import Lasso

    data = diabetes()
    x, y = data["inputs"], data["targets"]
    theirs = Lasso(alpha=LASSO_ALPHA, tol=1e-14, max_iter=100_000).fit(x, y)
    weight, bias = theirs.coef_.reshape(1, -1), np.atleast_1d(theirs.intercept_)
    kept = weight != 0
    findings = [] if 0 < np.sum(kept) < weight.size else [failed("zeros", "the penalty selects nothing")]
    found = solve(load, "regularized.lasso", x, y, LASSO_ALPHA)
    findings += solved("", found, weight, bias)
    findings += [compare(f"{level} zeros", ours == 0, ~kept) for level, (ours, _) in found.items()]
    params = {"linear.weight": weight, "linear.bias": bias}
    for name, level in levels("lasso", load, in_features=x.shape[1], out_features=1):
        trainer = level.start(params, lr=0.1)
        trainer.step(data)  # the minimiser is a fixed point of the proximal step
        findings.append(compare(f"{name} fixed point", trainer.params()["linear.weight"], weight))
        got = level.run(params, data, training=True).grads["linear.weight"]
        findings.append(compare(f"{name} gradient", got[kept], -LASSO_ALPHA * np.sign(weight[kept])))
        if np.abs(got[~kept]).max() > LASSO_ALPHA:
            findings.append(failed(f"{name} gradient of a zero weight", "is larger than alpha: it should not be zero"))
    penalty = LASSO_ALPHA * np.linalg.norm(weight.ravel(), 1)
    low = load("regularized_lowlevel").l1_penalty(torch.tensor(weight), LASSO_ALPHA)
    return [
        *findings,
        compare("numpy penalty", load("regularized_numpy").l1_penalty(weight, LASSO_ALPHA), penalty),
        compare("pytorch_lowlevel penalty", low, penalty),
    ]


def logistic(load: Load, rng: np.random.Generator) -> list[Finding]:
    """Newton's method against LogisticRegression, which penalises |w|^2 / 2 + C * the sum of losses: l2 = 1 / (C n)."""
    from sklearn.linear_model import LogisticRegression

    data, c = load_rows("breast_cancer", "train"), 0.5
    x, t = data["inputs"], data["targets"]
    theirs = LogisticRegression(C=c, solver="newton-cholesky", tol=1e-13, max_iter=1000).fit(x, t)
    weight, bias, l2 = theirs.coef_, theirs.intercept_, 1.0 / (c * len(x))
    findings = solved("", {"numpy": load("logistic_numpy").newton(x, t, l2=l2)}, weight, bias)
    return findings + balanced("logistic", load, data, weight, bias, -l2 * weight)


def softmax(load: Load, rng: np.random.Generator) -> list[Finding]:
    """At the solution of LogisticRegression with ten classes, every level's gradient is -w / (C n)."""
    from sklearn.linear_model import LogisticRegression

    n, c = 400, 0.05
    data = {name: value[:n] for name, value in load_rows("digits", "train").items()}
    theirs = LogisticRegression(C=c, solver="newton-cholesky", tol=1e-12, max_iter=1000)
    theirs.fit(data["inputs"], data["targets"])
    return balanced("softmax", load, data, theirs.coef_, theirs.intercept_, -theirs.coef_ / (c * n))


# ---- extremes and numbers that are known ----

SQUASHES = {
    "sigmoid": torch.sigmoid,
    "softmax": lambda z: torch.softmax(z, dim=-1),
    "log_softmax": lambda z: torch.log_softmax(z, dim=-1),
}


def extreme_logits(*functions: str) -> Check:
    """Functions of both levels against torch's where naive formulas overflow, the classes on the last of three axes."""

    def run(load: Load, rng: np.random.Generator) -> list[Finding]:
        numpy, low = load("logistic_numpy"), load("logistic_lowlevel")
        z = np.stack([extremes(rng), rng.standard_normal((5, 3))], axis=1)  # (5, 2, 3)
        findings = []
        for name in functions:
            want = SQUASHES[name](torch.tensor(z)).numpy()
            findings.append(compare(f"numpy {name}", getattr(numpy, name)(z), want))
            findings.append(compare(f"pytorch_lowlevel {name}", getattr(low, name)(torch.tensor(z)), want))
        return findings

    return Check("extreme logits", run)


def logit_zero(load: Load, rng: np.random.Generator) -> list[Finding]:
    """A model that starts at zero has logits of exactly 0; there the gradient is (1/2 - t) x / n."""
    batch = ladder("logistic").batch(rng)
    n, features = batch["inputs"].shape
    params = {"linear.weight": np.zeros((1, features)), "linear.bias": np.zeros(1)}
    want = ((0.5 - batch["targets"]) @ batch["inputs"] / n)[np.newaxis]
    return [
        compare(name, level.run(params, batch, training=True).grads["linear.weight"], want)
        for name, level in levels("logistic", load)
    ]


def parameter_count(load: Load, rng: np.random.Generator) -> list[Finding]:
    """784 weights and a bias for each of ten sums, 7,850; 4,010 for the deslanted images of 20x20 pixels."""
    return [
        compare(f"{name} {side}x{side}", sum(p.size for p in level.fresh(rng).values()), want)
        for side, want in ((28, 7850), (20, 4010))
        for name, level in levels("lecun1998", load, in_features=side * side, out_features=10)
    ]
