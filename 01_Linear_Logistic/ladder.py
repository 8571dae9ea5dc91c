"""Chapter 01: linear regression, ridge, lasso, logistic regression, softmax regression, and the linear classifier of 1998.

Every one of them is one linear layer. They differ in the loss, the penalty and the optimizer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import linear_checks as checks
import linear_lowlevel
import linear_numpy
import numpy as np
import torch
from linear_checks import LASSO_ALPHA, RIDGE_ALPHA
from linear_data import load_rows
from torch.nn import functional as F

from utils.ladder import (
    Batch,
    Bench,
    Check,
    Climb,
    Deviation,
    Ladder,
    LayerCase,
    Level,
    Overfit,
    Params,
    Result,
    Script,
)
from utils.numpy_level import NumpyLevel
from utils.planting import load_mistakes
from utils.torch_levels import LowLevel, ModuleLevel

PAPER = "LeCun, Bottou, Bengio, Haffner: Gradient-Based Learning Applied to Document Recognition, 1998, section III-C.1"
MISTAKES = load_mistakes(Path(__file__).parent)
B, D, K = 5, 7, 3  # examples, features, outputs; fewer examples than features, so that one batch can be fitted exactly


# ---- What all ladders share: one linear layer ----


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


class SklearnLevel(Level):
    """A fitted scikit-learn model that holds our parameters: it gives outputs and the loss of `sklearn.metrics`."""

    def __init__(self, outputs: Callable[[np.ndarray, np.ndarray, Batch], tuple[dict[str, np.ndarray], float]]) -> None:
        self.outputs = outputs

    def run(self, params: Params, batch: Batch, *, training: bool) -> Result:
        outputs, loss = self.outputs(params["linear.weight"].copy(), params["linear.bias"].copy(), batch)
        return Result(outputs, float(loss))


def all_batches(name: str, size: int) -> Callable[[np.random.Generator, int], Iterator[Batch]]:
    """Mini-batches of a data set's training split, one epoch after the other."""

    def draw(rng: np.random.Generator, steps: int) -> Iterator[Batch]:
        data = load_rows(name, "train")
        n = len(data["inputs"])
        order = np.concatenate([rng.permutation(n) for _ in range(steps * size // n + 1)])
        for step in range(steps):
            rows = order[step * size : (step + 1) * size]
            yield {key: value[rows] for key, value in data.items()}

    return draw


def xavier(features: int, outputs: int) -> Callable[[np.random.Generator], Params]:
    def draw(rng: np.random.Generator) -> Params:
        layer = linear_numpy.Linear(features, outputs, rng=rng)
        return {f"linear.{name}": value for name, value in layer.params.items()}

    return draw


def script(config: str, level: str) -> Script:
    """The training script on its smallest setting."""

    def run(folder: Path) -> object:
        import train_linear

        return train_linear.main(train_linear.tiny(config), folder, level=level)

    return Script(f"train_linear, {config}, {level}", run)


SCRIPTS = {
    name: tuple(script(name, level) for level in ("numpy", "pytorch_lowlevel", "paper"))
    for name in ("linear", "ridge", "lasso", "logistic", "softmax", "lecun1998")
}


# ---- Linear regression ----


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


def sklearn_linear(weight: np.ndarray, bias: np.ndarray, batch: Batch) -> tuple[dict[str, np.ndarray], float]:
    from sklearn.linear_model import LinearRegression
    from sklearn.metrics import mean_squared_error

    model = LinearRegression()
    model.coef_, model.intercept_ = weight, bias
    prediction = model.predict(batch["inputs"])
    return {"prediction": prediction}, mean_squared_error(batch["targets"], prediction)


def torch_linear() -> Level:
    """torch.nn.Linear itself, with its own initialisation and parameter names."""
    return ModuleLevel(
        lambda: torch.nn.Linear(D, K),
        lambda model, batch: (
            {"prediction": (prediction := model(batch["inputs"]))},
            torch.nn.MSELoss()(prediction, batch["targets"]),
        ),
        lambda model, lr=0.1: torch.optim.SGD(model.parameters(), lr=lr),
        inputs=("inputs",),
        names={"linear.weight": "weight", "linear.bias": "bias"},
    )


def mean_squared_error(outputs: dict[str, np.ndarray], batch: Batch) -> float:
    return float(((outputs["prediction"] - batch["targets"]) ** 2).mean())


DIABETES = Climb(
    "diabetes (442 patients, 10 measurements; scikit-learn)",
    all_batches("diabetes", 32),
    lambda: load_rows("diabetes", "test"),
    "mean squared error",
    mean_squared_error,
    xavier(10, 1),
    options={"lr": 0.05},
)


def _linear_case(*lead: int) -> Any:
    def build(module: Any, rng: np.random.Generator) -> Any:
        layer = module.Linear(D, K, rng=rng)
        for param in layer.params.values():
            param[...] = rng.standard_normal(param.shape)
        return layer, (rng.standard_normal((*lead, D)),)

    return build


LINEAR = Ladder(
    name="linear",
    chapter="01",
    paper=PAPER,
    init=init(),
    batch=regression_batch,
    modules={"numpy": "linear_numpy", "pytorch_lowlevel": "linear_lowlevel", "paper": "linear_paper"},
    builders={"numpy": linear_numpy_level, "pytorch_lowlevel": linear_lowlevel_level, "paper": linear_paper_level},
    references={
        "sklearn.linear_model.LinearRegression": SklearnLevel(sklearn_linear),
        "torch.nn.Linear": torch_linear(),
    },
    activations=("linear",),
    layers=(
        LayerCase("Linear", _linear_case(5), lambda p, x: F.linear(x, p["weight"], p["bias"])),
        LayerCase("Linear, (B, T, in)", _linear_case(5, 2), lambda p, x: F.linear(x, p["weight"], p["bias"])),
        LayerCase(
            "MSELoss",
            lambda m, rng: (m.MSELoss(), (rng.standard_normal((5, 3)), rng.standard_normal((5, 3)))),
            lambda p, x, t: F.mse_loss(x, t),
        ),
    ),
    checks=(
        Check("closed form", checks.closed_form),
        Check("normal equations", checks.normal_equations),
        Check("descent reaches the closed form", checks.descent),
        Check("initialisation scale", checks.initialisation),
    ),
    mistakes=MISTAKES["linear"],
    deviations=(
        Deviation(
            "Weights start at Xavier's scale and biases at zero; torch.nn.Linear draws both from U(-1/sqrt(in), 1/sqrt(in)).",
            "The paper names no initialisation for its linear classifier. The loss is convex, so any start will do.",
            "check: initialisation scale",
        ),
    ),
    scripts=SCRIPTS["linear"],
    overfit=Overfit(steps=300, loss=1e-6, options={"lr": 0.3}),
    climb=DIABETES,
    train_script="train_linear",
)


# ---- Ridge ----


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


def random_weight(rng: np.random.Generator) -> tuple[np.ndarray]:
    return (rng.standard_normal((K, D)),)


RIDGE = Ladder(
    name="ridge",
    chapter="01",
    paper=PAPER,
    init=init(),
    batch=regression_batch,
    modules={"numpy": "regularized_numpy", "pytorch_lowlevel": "regularized_lowlevel", "paper": "regularized_paper"},
    builders={"numpy": ridge_numpy_level, "pytorch_lowlevel": ridge_lowlevel_level, "paper": ridge_paper_level},
    references={},
    activations=("linear",),
    layers=(
        LayerCase(
            "L2Penalty", lambda m, rng: (m.L2Penalty(0.7), random_weight(rng)), lambda p, w: 0.7 * w.square().sum()
        ),
    ),
    checks=(Check("closed form", checks.ridge), Check("weight decay", checks.weight_decay, proof="training")),
    mistakes=MISTAKES["ridge"],
    deviations=(
        Deviation(
            "Our alpha multiplies the sum of squares beside a mean of errors; scikit-learn's stands beside a sum of errors.",
            "With the mean, a learning rate keeps its meaning when the batch grows. scikit-learn's alpha is n times ours.",
            "check: closed form",
        ),
    ),
    scripts=SCRIPTS["ridge"],
    overfit=Overfit(steps=300, loss=0.5, options={"lr": 0.2}),
    climb=DIABETES,
    train_script="train_linear",
)


# ---- Lasso: the loss is the smooth part, the optimizer knows the penalty ----


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


LASSO = Ladder(
    name="lasso",
    chapter="01",
    paper=PAPER,
    init=init(),
    batch=regression_batch,
    modules={"numpy": "regularized_numpy", "pytorch_lowlevel": "regularized_lowlevel", "paper": "regularized_paper"},
    builders={"numpy": lasso_numpy_level, "pytorch_lowlevel": lasso_lowlevel_level, "paper": lasso_paper_level},
    references={},
    activations=("linear",),
    checks=(Check("minimiser", checks.lasso),),
    mistakes=MISTAKES["lasso"],
    scripts=SCRIPTS["lasso"],
    overfit=Overfit(steps=300, loss=0.1, options={"lr": 0.2, "alpha": 0.01}),
    climb=DIABETES,
    train_script="train_linear",
)


# ---- Logistic regression ----


def logistic_numpy_level(module: Any) -> Level:
    def build(features: int, outputs: int, **options: Any) -> Any:
        return module.LogisticRegression(features, **options)

    def one_pass(model: Any, batch: Batch, training: bool) -> Any:
        criterion = module.BCEWithLogitsLoss()
        logits = model.forward(batch["inputs"])
        loss = criterion.forward(logits, batch["targets"])
        outputs = {"logits": logits, "probabilities": module.sigmoid(logits)}
        return outputs, loss, lambda inputs: {"inputs": model.backward(criterion.backward())}

    return numpy_level(build, one_pass)


def logistic_lowlevel_level(module: Any) -> Level:
    def one_pass(params: Any, batch: Any, training: bool) -> Any:
        logits = module.logistic_regression(params, batch["inputs"])
        outputs = {"logits": logits, "probabilities": module.sigmoid(logits)}
        return outputs, module.bce_with_logits(logits, batch["targets"]), {"linear": logits[:, None]}

    return lowlevel_level(one_pass, outputs=1)


def logistic_paper_level(module: Any) -> Level:
    def one_pass(model: Any, batch: Any) -> Any:
        logits = model(batch["inputs"])
        outputs = {"logits": logits, "probabilities": logits.sigmoid()}
        return outputs, module.logistic_loss(logits, batch["targets"])

    return paper_level(lambda features, outputs: module.LogisticRegression(features), one_pass)


def sklearn_classifier(weight: np.ndarray, bias: np.ndarray, batch: Batch) -> tuple[dict[str, np.ndarray], float]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import log_loss

    model = LogisticRegression()
    model.coef_, model.intercept_, model.classes_ = weight, bias, np.arange(max(len(weight), 2))
    probabilities = model.predict_proba(batch["inputs"])  # (B, K)
    loss = log_loss(batch["targets"], probabilities, labels=model.classes_)
    if len(weight) == 1:
        probabilities = probabilities[:, 1]
    return {"logits": model.decision_function(batch["inputs"]), "probabilities": probabilities}, loss


def accuracy(outputs: dict[str, np.ndarray], batch: Batch) -> float:
    logits = outputs["logits"]
    labels = logits > 0 if logits.ndim == 1 else logits.argmax(axis=-1)
    return float((labels == batch["targets"]).mean())


EXTREMES = np.array([[1e4, -1e4, 0.0], [-1e4, 1e4, 1e4], [0.0, 0.0, 0.0], [40.0, -40.0, 800.0], [1e-9, -1e-9, 3.0]])

LOGISTIC = Ladder(
    name="logistic",
    chapter="01",
    paper=PAPER,
    init=init(1),
    batch=binary_batch,
    modules={"numpy": "logistic_numpy", "pytorch_lowlevel": "logistic_lowlevel", "paper": "logistic_paper"},
    builders={
        "numpy": logistic_numpy_level,
        "pytorch_lowlevel": logistic_lowlevel_level,
        "paper": logistic_paper_level,
    },
    references={"sklearn.linear_model.LogisticRegression": SklearnLevel(sklearn_classifier)},
    activations=("linear",),
    layers=(
        LayerCase(
            "BCEWithLogitsLoss",
            lambda m, rng: (m.BCEWithLogitsLoss(), (rng.standard_normal((5, 3)), rng.uniform(size=(5, 3)))),
            lambda p, z, t: F.binary_cross_entropy_with_logits(z, t),
        ),
        LayerCase(
            "BCEWithLogitsLoss, extreme and zero logits",
            lambda m, rng: (m.BCEWithLogitsLoss(), (EXTREMES.copy(), rng.integers(0, 2, EXTREMES.shape) * 1.0)),
            lambda p, z, t: F.binary_cross_entropy_with_logits(z, t),
            smooth=False,
        ),
    ),
    checks=(
        Check("minimiser", checks.logistic),
        Check("logits of zero", checks.logit_zero),
    ),
    mistakes=MISTAKES["logistic"],
    deviations=(
        Deviation(
            "scikit-learn minimises |w|^2 / 2 + C * (sum of losses); we, the mean of losses + l2/2 |w|^2 with l2 = 1 / (C n).",
            "With the mean, a learning rate keeps its meaning when the data grow.",
            "check: minimiser",
        ),
    ),
    scripts=SCRIPTS["logistic"],
    overfit=Overfit(steps=400, loss=0.02, options={"lr": 1.0}),
    climb=Climb(
        "breast cancer Wisconsin (569 tumours, 30 measurements; scikit-learn)",
        all_batches("breast_cancer", 32),
        lambda: load_rows("breast_cancer", "test"),
        "accuracy",
        accuracy,
        xavier(30, 1),
    ),
    train_script="train_linear",
)


# ---- Softmax regression ----


def softmax_numpy_level(module: Any) -> Level:
    def one_pass(model: Any, batch: Batch, training: bool) -> Any:
        criterion = module.CrossEntropyLoss()
        logits = model.forward(batch["inputs"])
        loss = criterion.forward(logits, batch["targets"])
        outputs = {"logits": logits, "probabilities": module.softmax(logits)}
        return outputs, loss, lambda inputs: {"inputs": model.backward(criterion.backward())}

    return numpy_level(module.SoftmaxRegression, one_pass)


def softmax_lowlevel_level(module: Any) -> Level:
    def one_pass(params: Any, batch: Any, training: bool) -> Any:
        logits = module.softmax_regression(params, batch["inputs"])
        outputs = {"logits": logits, "probabilities": module.softmax(logits)}
        return outputs, module.cross_entropy(logits, batch["targets"]), {"linear": logits}

    return lowlevel_level(one_pass)


def softmax_paper_level(module: Any) -> Level:
    def one_pass(model: Any, batch: Any) -> Any:
        logits = model(batch["inputs"])
        outputs = {"logits": logits, "probabilities": logits.softmax(dim=-1)}
        return outputs, module.softmax_loss(logits, batch["targets"])

    return paper_level(module.SoftmaxRegression, one_pass)


SOFTMAX = Ladder(
    name="softmax",
    chapter="01",
    paper=PAPER,
    init=init(),
    batch=class_batch,
    modules={"numpy": "logistic_numpy", "pytorch_lowlevel": "logistic_lowlevel", "paper": "logistic_paper"},
    builders={"numpy": softmax_numpy_level, "pytorch_lowlevel": softmax_lowlevel_level, "paper": softmax_paper_level},
    references={"sklearn.linear_model.LogisticRegression": SklearnLevel(sklearn_classifier)},
    activations=("linear",),
    layers=(
        LayerCase(
            "CrossEntropyLoss",
            lambda m, rng: (m.CrossEntropyLoss(), (rng.standard_normal((5, 3)), rng.integers(0, 3, 5))),
            lambda p, z, t: F.cross_entropy(z, t),
        ),
        LayerCase(
            "CrossEntropyLoss, (B, T, K)",
            lambda m, rng: (m.CrossEntropyLoss(), (rng.standard_normal((5, 2, 3)), rng.integers(0, 3, (5, 2)))),
            lambda p, z, t: F.cross_entropy(z.reshape(-1, 3), t.reshape(-1)),
        ),
        LayerCase(
            "CrossEntropyLoss, extreme and tied logits",
            lambda m, rng: (m.CrossEntropyLoss(), (EXTREMES.copy(), rng.integers(0, 3, 5))),
            lambda p, z, t: F.cross_entropy(z, t),
            smooth=False,
        ),
    ),
    checks=(Check("minimiser", checks.softmax),),
    mistakes=MISTAKES["softmax"],
    scripts=SCRIPTS["softmax"],
    overfit=Overfit(steps=400, loss=0.05, options={"lr": 1.0}),
    climb=Climb(
        "digits (1,797 images of 8x8 pixels; scikit-learn)",
        all_batches("digits", 32),
        lambda: load_rows("digits", "test"),
        "accuracy",
        accuracy,
        xavier(64, 10),
        options={"lr": 0.5},
    ),
    bench=Bench(
        lambda rng: {name: value.astype(np.float32) for name, value in xavier(784, 10)(rng).items()},
        lambda rng: {
            "inputs": rng.uniform(size=(100, 784)).astype(np.float32),
            "targets": rng.integers(0, 10, 100),
        },
        "batch 100, 784 pixels, 10 classes",
    ),
    train_script="train_linear",
)


# ---- The linear classifier of 1998: sigmoid units and squared error ----


def units_numpy_level(module: Any) -> Level:
    def one_pass(model: Any, batch: Batch, training: bool) -> Any:
        criterion = linear_numpy.MSELoss()
        scores = model.forward(batch["inputs"])
        loss = criterion.forward(scores, module.one_hot(batch["targets"], scores.shape[-1], scores.dtype))
        return {"logits": scores}, loss, lambda inputs: {"inputs": model.backward(criterion.backward())}

    return numpy_level(module.SigmoidUnits, one_pass, activations=("linear", "sigmoid"))


def units_lowlevel_level(module: Any) -> Level:
    def one_pass(params: Any, batch: Any, training: bool) -> Any:
        sums, scores = module.sigmoid_units(params, batch["inputs"])
        targets = torch.eye(scores.shape[-1], dtype=scores.dtype)[batch["targets"]]  # one-hot, (B, K)
        loss = linear_lowlevel.mse_loss(scores, targets)
        return {"logits": scores}, loss, {"linear": sums, "sigmoid": scores}

    return lowlevel_level(one_pass)


def units_paper_level(module: Any) -> Level:
    def one_pass(model: Any, batch: Any) -> Any:
        scores = model(batch["inputs"])
        return {"logits": scores}, module.units_loss(scores, batch["targets"])

    return paper_level(module.SigmoidUnits, one_pass, activations=("linear", "sigmoid"))


def torch_units() -> Level:
    """The same in torch's own layers and loss, with their parameter names."""
    return ModuleLevel(
        lambda: torch.nn.Sequential(torch.nn.Linear(D, K), torch.nn.Sigmoid()),
        lambda model, batch: (
            {"logits": (scores := model(batch["inputs"]))},
            torch.nn.MSELoss()(scores, torch.eye(K, dtype=scores.dtype)[batch["targets"]]),
        ),
        sgd,
        inputs=("inputs",),
        names={"linear.weight": "0.weight", "linear.bias": "0.bias"},
    )


LECUN = Ladder(
    name="lecun1998",
    chapter="01",
    paper=PAPER,
    init=init(),
    batch=class_batch,
    modules={"numpy": "logistic_numpy", "pytorch_lowlevel": "logistic_lowlevel", "paper": "logistic_paper"},
    builders={"numpy": units_numpy_level, "pytorch_lowlevel": units_lowlevel_level, "paper": units_paper_level},
    references={"torch.nn": torch_units()},
    activations=("linear", "sigmoid"),
    layers=(
        LayerCase(
            "Sigmoid", lambda m, rng: (m.Sigmoid(), (rng.standard_normal((5, 3)),)), lambda p, x: torch.sigmoid(x)
        ),
        LayerCase(
            "Sigmoid, extreme and zero inputs",
            lambda m, rng: (m.Sigmoid(), (EXTREMES.copy(),)),
            lambda p, x: torch.sigmoid(x),
            smooth=False,
        ),
    ),
    checks=(Check("parameter count", checks.parameter_count),),
    mistakes=MISTAKES["lecun1998"],
    deviations=(
        Deviation(
            "Xavier initialisation, learning rate 1.0, batches of 100, ten epochs.",
            "The paper gives no hyperparameters for its linear classifier.",
            "01_Linear_Logistic/paper/test_linear_paper.py::test_configurations",
        ),
        Deviation(
            "Squared error on sigmoid units with targets 0 and 1.",
            "The paper tried several choices of unit and of learning and found the results similar, without saying which one "
            "gave 12.0 %. Here they are not: the closed form stays at 14 %, softmax comes below 8 % (see the results).",
            "01_Linear_Logistic/paper/test_linear_paper.py::test_receipts",
        ),
    ),
    scripts=SCRIPTS["lecun1998"],
    overfit=Overfit(steps=500, loss=0.02, options={"lr": 5.0}),
    climb=Climb(
        "digits (1,797 images of 8x8 pixels; scikit-learn)",
        all_batches("digits", 32),
        lambda: load_rows("digits", "test"),
        "accuracy",
        accuracy,
        xavier(64, 10),
        options={"lr": 2.0},
    ),
    train_script="train_linear",
)

LADDERS = {ladder.name: ladder for ladder in (LINEAR, RIDGE, LASSO, LOGISTIC, SOFTMAX, LECUN)}
