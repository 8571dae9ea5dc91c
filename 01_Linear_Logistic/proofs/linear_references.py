"""The implementations that the chapter is compared with: models of scikit-learn, layers of torch.nn."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from linear_levels import D, K, sgd

from utils.ladder import Batch, Level, Params, Result
from utils.levels import ModuleLevel


class SklearnLevel(Level):
    """A fitted scikit-learn model that holds our parameters: it gives outputs and the loss of `sklearn.metrics`."""

    def __init__(self, outputs: Callable[[np.ndarray, np.ndarray, Batch], tuple[dict[str, np.ndarray], float]]) -> None:
        self.outputs = outputs

    def run(self, params: Params, batch: Batch, *, training: bool) -> Result:
        outputs, loss = self.outputs(params["linear.weight"].copy(), params["linear.bias"].copy(), batch)
        return Result(outputs, float(loss))


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
        sgd,
        inputs=("inputs",),
        names={"linear.weight": "weight", "linear.bias": "bias"},
    )


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
