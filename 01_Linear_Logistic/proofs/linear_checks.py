"""The chapter's own proofs: closed forms and minimisers against scikit-learn, initialisation, parameter counts.

Each is a function (modules by level, generator) -> findings, declared in `../ladder.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

import linear_lowlevel
import linear_numpy
import numpy as np
import torch
from linear_data import load_rows
from linear_levels import LASSO_ALPHA, RIDGE_ALPHA
from linear_paper import fit_least_squares
from torch.nn import functional as F

from utils.ladder import Batch, Ladder, Params, load_ladders
from utils.levels.arrays import to_torch
from utils.parity.compare import compare
from utils.parity.finding import Finding, failed

Modules = Mapping[str, ModuleType]


def ladder(name: str) -> Ladder:
    return load_ladders("01")[name]


def solutions_at(
    modules: Modules, name: str, batch: Batch, weight: np.ndarray, bias: np.ndarray, gradient: np.ndarray
) -> list[Finding]:
    """At a minimiser that scikit-learn found, every level's gradient balances that of the penalty."""
    params = {"linear.weight": weight, "linear.bias": bias}
    findings = []
    for level, module in modules.items():
        got = ladder(name).builders[level](module).run(params, batch, training=True).grads
        findings.append(
            compare(f"{level} weight gradient", got["linear.weight"], gradient, atol=1e-9, may_be_zero=True)
        )
        zero = np.zeros_like(bias)
        findings.append(compare(f"{level} bias gradient", got["linear.bias"], zero, atol=1e-9, may_be_zero=True))
    return findings


def solve_everywhere(modules: Modules, function: str, x: np.ndarray, y: np.ndarray, *args: float) -> dict[str, Params]:
    """The closed form of the NumPy and of the low level, called `function` in both."""
    found = {}
    for level in ("numpy", "pytorch_lowlevel"):
        solve = getattr(modules[level], function)
        if level == "numpy":
            weight, bias = solve(x, y, *args)
        else:
            weight, bias = (tensor.numpy() for tensor in solve(torch.tensor(x), torch.tensor(y), *args))
        found[level] = {"weight": weight, "bias": bias}
    return found


def closed_form(modules: Modules, rng: np.random.Generator) -> list[Finding]:
    """Least squares at each level against LinearRegression, on the diabetes data and on dependent features."""
    from sklearn.linear_model import LinearRegression

    data = load_rows("diabetes", "train")
    x, y = data["inputs"], np.concatenate([data["targets"], rng.standard_normal((len(data["inputs"]), 2))], axis=1)
    dependent = np.concatenate([x, x[:, :1] + x[:, 1:2], np.ones((len(x), 1))], axis=1)  # a sum, and a constant
    findings = []
    for what, features in (("diabetes", x), ("dependent features", dependent)):
        theirs = LinearRegression(tol=1e-12).fit(features, y)
        ours = solve_everywhere(modules, "least_squares", features, y)
        model = modules["paper"].LinearRegression(features.shape[1], y.shape[1]).double()
        modules["paper"].fit_least_squares(model, torch.tensor(features), torch.tensor(y))
        ours["paper"] = {"weight": model.linear.weight.detach().numpy(), "bias": model.linear.bias.detach().numpy()}
        for level, got in ours.items():
            findings.append(compare(f"{what}, {level} weight", got["weight"], theirs.coef_))
            findings.append(compare(f"{what}, {level} bias", got["bias"], theirs.intercept_))
    return findings


def normal_equations(modules: Modules, rng: np.random.Generator) -> list[Finding]:
    """The textbook formula gives the same minimiser where the condition number is small."""
    x, y = rng.standard_normal((23, 7)), rng.standard_normal((23, 3))
    module = modules["numpy"]
    (weight, bias), (weight_qr, bias_qr) = module.normal_equations(x, y), module.least_squares(x, y)
    return [compare("weight", weight, weight_qr), compare("bias", bias, bias_qr)]


def descent(modules: Modules, rng: np.random.Generator) -> list[Finding]:
    """Gradient descent arrives, at every level, where the closed form says it will."""
    x, y = rng.standard_normal((97, 7)), rng.standard_normal((97, 3))
    weight, bias = linear_numpy.least_squares(x, y)
    start = ladder("linear").init(rng)
    findings = []
    for level, module in modules.items():
        trainer = ladder("linear").builders[level](module).start(start, lr=1.3)
        for _ in range(80):
            trainer.step({"inputs": x, "targets": y})
        got = trainer.params()
        findings.append(compare(f"{level} weight", got["linear.weight"], weight, rtol=1e-8, atol=1e-10))
        findings.append(compare(f"{level} bias", got["linear.bias"], bias, rtol=1e-8, atol=1e-10))
    return findings


def initialisation(modules: Modules, rng: np.random.Generator) -> list[Finding]:
    """Xavier: uniform, variance 2 / (in + out). With 300 inputs and 100 outputs, He's scale is 1.33 times that variance."""
    features, outputs = 300, 100
    variance, bound = 2.0 / (features + outputs), np.sqrt(6.0 / (features + outputs))
    generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
    findings = []
    for level, module in modules.items():
        if level == "numpy":
            params = module.Linear(features, outputs, rng=rng).params
        elif level == "pytorch_lowlevel":
            drawn = module.init_linear(features, outputs, generator=generator)
            params = {name.removeprefix("linear."): value.detach().numpy() for name, value in drawn.items()}
        else:
            model = module.LinearRegression(features, outputs)
            model.reset_parameters(generator)
            params = {name: value.detach().numpy() for name, value in model.linear.named_parameters()}
        # 30,000 draws: the sample variance of a uniform law has a relative standard deviation of 0.5 %.
        findings.append(compare(f"{level} weight variance", params["weight"].var(), variance, rtol=0.03))
        findings.append(compare(f"{level} largest weight", np.abs(params["weight"]).max(), bound, rtol=0.01))
        findings.append(compare(f"{level} bias", params["bias"], np.zeros(outputs), may_be_zero=True))
    return findings


def ridge(modules: Modules, rng: np.random.Generator) -> list[Finding]:
    """The closed form against Ridge; and at its solution the levels' gradient is 0, our alpha being theirs / n."""
    from sklearn.linear_model import Ridge

    data = load_rows("diabetes", "train")
    x, y = data["inputs"], data["targets"]
    findings = []
    for alpha in (3.7, 370.0, len(x) * RIDGE_ALPHA):
        theirs = Ridge(alpha=alpha, solver="svd").fit(x, y)
        weight, bias = theirs.coef_.reshape(1, -1), theirs.intercept_
        ours = solve_everywhere(modules, "ridge", x, y, alpha)
        model = modules["paper"].LinearRegression(x.shape[1], 1).double()
        fit_least_squares(model, torch.tensor(x), torch.tensor(y), alpha=alpha)
        ours["paper"] = {"weight": model.linear.weight.detach().numpy(), "bias": model.linear.bias.detach().numpy()}
        for level, got in ours.items():
            findings.append(compare(f"alpha {alpha:g}, {level} weight", got["weight"], weight))
            findings.append(compare(f"alpha {alpha:g}, {level} bias", got["bias"], bias, may_be_zero=True))
    return findings + solutions_at(modules, "ridge", data, weight, bias, np.zeros_like(weight))


def weight_decay(modules: Modules, rng: np.random.Generator) -> list[Finding]:
    """`weight_decay` of 2 alpha in SGD takes the same steps as the penalty in the loss."""
    ridge, module = ladder("ridge"), modules["paper"]
    params, batches = ridge.init(rng), [ridge.batch(rng) for _ in range(10)]
    want = ridge.levels["paper"].train(params, batches).params
    outputs, features = params["linear.weight"].shape
    model = module.LinearRegression(features, outputs).double()
    model.load_state_dict(to_torch(params))
    optimizer = module.ridge_optimizer(model, lr=0.1, alpha=RIDGE_ALPHA)
    for batch in batches:
        tensors = to_torch(batch)
        optimizer.zero_grad()
        F.mse_loss(model(tensors["inputs"]), tensors["targets"]).backward()
        optimizer.step()
    return [compare(name, value.detach().numpy(), want[name]) for name, value in model.named_parameters()]


def lasso(modules: Modules, rng: np.random.Generator) -> list[Finding]:
    """ISTA against Lasso, zeros included; and there the gradient of the smooth part is -alpha sign(w) where w is not 0."""
    from sklearn.linear_model import Lasso

    data = load_rows("diabetes", "train")
    x, y = data["inputs"], data["targets"]
    theirs = Lasso(alpha=LASSO_ALPHA, tol=1e-14, max_iter=100_000).fit(x, y)
    weight, bias = theirs.coef_.reshape(1, -1), np.atleast_1d(theirs.intercept_)
    findings = [] if 0 < np.sum(weight == 0) < weight.size else [failed("zeros", "the penalty selects nothing")]
    for level, got in solve_everywhere(modules, "lasso", x, y, LASSO_ALPHA).items():
        findings.append(compare(f"{level} weight", got["weight"], weight))
        findings.append(compare(f"{level} bias", got["bias"], bias, may_be_zero=True))
        findings.append(compare(f"{level} zeros", got["weight"] == 0, weight == 0))
    kept = weight != 0
    for level, module in modules.items():
        trainer = ladder("lasso").builders[level](module).start({"linear.weight": weight, "linear.bias": bias}, lr=0.1)
        trainer.step(data)  # the minimiser is a fixed point of the proximal step
        findings.append(compare(f"{level} fixed point", trainer.params()["linear.weight"], weight))
        got = (
            ladder("lasso")
            .builders[level](module)
            .run({"linear.weight": weight, "linear.bias": bias}, data, training=True)
            .grads["linear.weight"]
        )
        findings.append(compare(f"{level} gradient", got[kept], -LASSO_ALPHA * np.sign(weight[kept])))
        if np.abs(got[~kept]).max() > LASSO_ALPHA:
            findings.append(failed(f"{level} gradient of a zero weight", "is larger than alpha: it should not be zero"))
    return findings


def logistic(modules: Modules, rng: np.random.Generator) -> list[Finding]:
    """Newton's method against LogisticRegression, which penalises |w|^2 / 2 + C * the sum of losses: l2 = 1 / (C n)."""
    from sklearn.linear_model import LogisticRegression

    data = load_rows("breast_cancer", "train")
    x, t = data["inputs"], data["targets"]
    c = 0.5
    theirs = LogisticRegression(C=c, solver="newton-cholesky", tol=1e-13, max_iter=1000).fit(x, t)
    l2 = 1.0 / (c * len(x))
    weight, bias = modules["numpy"].newton(x, t, l2=l2)
    return [
        compare("numpy weight", weight, theirs.coef_),
        compare("numpy bias", bias, theirs.intercept_),
        *solutions_at(modules, "logistic", data, theirs.coef_, theirs.intercept_, -l2 * theirs.coef_),
    ]


def softmax(modules: Modules, rng: np.random.Generator) -> list[Finding]:
    """At the solution of LogisticRegression with ten classes, every level's gradient is -w / (C n)."""
    from sklearn.linear_model import LogisticRegression

    data = load_rows("digits", "train")
    data = {name: value[:400] for name, value in data.items()}
    c = 0.05
    theirs = LogisticRegression(C=c, solver="newton-cholesky", tol=1e-12, max_iter=1000).fit(**_xy(data))
    return solutions_at(
        modules, "softmax", data, theirs.coef_, theirs.intercept_, -theirs.coef_ / (c * len(data["inputs"]))
    )


def _xy(data: Batch) -> dict[str, Any]:
    return {"X": data["inputs"], "y": data["targets"]}


def logit_zero(modules: Modules, rng: np.random.Generator) -> list[Finding]:
    """A model that starts at zero has logits of exactly 0; there the gradient is (1/2 - t) x / n."""
    batch = ladder("logistic").batch(rng)
    n, features = batch["inputs"].shape
    params = {"linear.weight": np.zeros((1, features)), "linear.bias": np.zeros(1)}
    want = ((0.5 - batch["targets"]) @ batch["inputs"] / n)[np.newaxis]
    return [
        compare(
            level,
            ladder("logistic").builders[level](module).run(params, batch, training=True).grads["linear.weight"],
            want,
        )
        for level, module in modules.items()
    ]


def parameter_count(modules: Modules, rng: np.random.Generator) -> list[Finding]:
    """784 weights and a bias for each of ten sums, 7,850; 4,010 for the deslanted images of 20x20 pixels."""
    findings = []
    for side, want in ((28, 7850), (20, 4010)):
        model = modules["numpy"].SigmoidUnits(side * side, 10, rng=rng)
        low = linear_lowlevel.init_linear(side * side, 10, generator=torch.Generator())
        paper = modules["paper"].SigmoidUnits(side * side, 10)
        counts = {
            "numpy": sum(p.size for p in model.params.values()),
            "pytorch_lowlevel": sum(p.numel() for p in low.values()),
            "paper": sum(p.numel() for p in paper.parameters()),
        }
        findings += [compare(f"{level} {side}x{side}", count, want) for level, count in counts.items()]
    return findings
