"""The implementations that the chapter is compared with: models of scikit-learn, layers of torch.nn."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from linear_levels import PaperLinear, PaperUnits
from torch import Tensor, nn
from torch.nn import functional as F

from utils.ladder import Batch, Ladder, Level, Load, Params, Result
from utils.levels.names import NameTable


class SklearnLevel(Level):
    """A fitted scikit-learn model that holds our parameters: it gives outputs and the loss of `sklearn.metrics`."""

    def __init__(self, ladder: Ladder, load: Load, sizes: dict[str, Any]) -> None:
        self.sizes = sizes


class SklearnLinear(SklearnLevel):
    def run(self, params: Params, batch: Batch, *, training: bool) -> Result:
        from sklearn.linear_model import LinearRegression
        from sklearn.metrics import mean_squared_error

        model = LinearRegression()
        model.coef_, model.intercept_ = params["linear.weight"].copy(), params["linear.bias"].copy()
        prediction = model.predict(batch["inputs"])
        return Result({"prediction": prediction}, float(mean_squared_error(batch["targets"], prediction)))


class SklearnClassifier(SklearnLevel):
    """Of two classes, which have one output, or of more."""

    def run(self, params: Params, batch: Batch, *, training: bool) -> Result:
        from sklearn.linear_model import LogisticRegression
        from sklearn.metrics import log_loss

        outputs = self.sizes["out_features"]
        model = LogisticRegression()
        model.coef_, model.intercept_ = params["linear.weight"].copy(), params["linear.bias"].copy()
        model.classes_ = np.arange(max(outputs, 2))
        probabilities = model.predict_proba(batch["inputs"])  # (B, classes)
        loss = log_loss(batch["targets"], probabilities, labels=model.classes_)
        logits = model.decision_function(batch["inputs"])
        return Result(
            {"logits": logits, "probabilities": probabilities[:, 1] if outputs == 1 else probabilities}, float(loss)
        )


class TorchLinear(PaperLinear):
    """torch.nn.Linear itself; training is that of the paper level."""

    names = NameTable({"weight": "linear.weight", "bias": "linear.bias"})

    def build(self):
        return nn.Linear(**self.sizes)


class TorchUnits(PaperUnits):
    """The units of 1998 in torch's own layers and loss."""

    names = NameTable({"0.weight": "linear.weight", "0.bias": "linear.bias"})

    def build(self):
        return nn.Sequential(nn.Linear(**self.sizes), nn.Sigmoid())

    def loss(self, model: Any, outputs: dict[str, Tensor], batch: dict[str, Tensor]) -> Tensor:
        scores = outputs["scores"]
        return F.mse_loss(scores, torch.eye(scores.shape[1], dtype=scores.dtype)[batch["targets"]])
