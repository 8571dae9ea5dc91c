"""The chapter's six models at every level, with batches to prove on. Each is one linear layer.

| ladder    | level            | model, forward                   | loss                     | optimizer          |
| --------- | ---------------- | -------------------------------- | ------------------------ | ------------------ |
| linear    | numpy            | `LinearRegression(x)`            | `MSELoss`                | `GradientDescent`  |
|           | pytorch_lowlevel | `linear_regression(params, x)`   | `mse_loss`               | `GradientDescent`  |
|           | paper            | `LinearRegression(x)`            | `F.mse_loss`             | torch's            |
| ridge     | numpy            | as in linear                     | `MSELoss`, `L2Penalty`   | as in linear       |
|           | pytorch_lowlevel |                                  | `mse_loss`, `l2_penalty` |                    |
|           | paper            |                                  | `ridge_loss`             |                    |
| lasso     | numpy            | as in linear                     | half `MSELoss`           | `ProximalGradient` |
|           | pytorch_lowlevel |                                  | half `mse_loss`          | `ProximalGradient` |
|           | paper            |                                  | `lasso_loss`             | `ProximalGradient` |
| logistic  | numpy            | `LogisticRegression(x)`          | `BCEWithLogitsLoss`      | as in linear       |
|           | pytorch_lowlevel | `logistic_regression(params, x)` | `bce_with_logits`        |                    |
|           | paper            | `LogisticRegression(x)`          | `logistic_loss`          |                    |
| softmax   | numpy            | `SoftmaxRegression(x)`           | `CrossEntropyLoss`       | as in linear       |
|           | pytorch_lowlevel | `softmax_regression(params, x)`  | `cross_entropy`          |                    |
|           | paper            | `SoftmaxRegression(x)`           | `softmax_loss`           |                    |
| lecun1998 | numpy            | `SigmoidUnits(x)`                | `MSELoss` of `one_hot`   | as in linear       |
|           | pytorch_lowlevel | `sigmoid_units(params, x)`       | `mse_loss` of one-hot    |                    |
|           | paper            | `SigmoidUnits(x)`                | `units_loss`             |                    |
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from utils.ladder import Batch
from utils.levels import LowLevel, ModuleLevel, NumpyLevel

RIDGE_ALPHA, LASSO_ALPHA = 0.05, 0.1  # of the ladders
B, D, K = 5, 7, 3  # examples, features, outputs; fewer examples than features, so that one batch can be fitted exactly


# ---- batches ----


def regression_batch(rng: np.random.Generator) -> Batch:
    return {"inputs": rng.standard_normal((B, D)), "targets": rng.standard_normal((B, K))}


def binary_batch(rng: np.random.Generator) -> Batch:
    return {"inputs": rng.standard_normal((B, D)), "targets": rng.permutation([0.0, 1.0, 1.0, 0.0, 1.0])}


def class_batch(rng: np.random.Generator) -> Batch:
    return {"inputs": rng.standard_normal((B, D)), "targets": rng.permutation(np.array([0, 1, 2, 1, 2]))}


# ---- linear regression ----


class NumpyLinear(NumpyLevel):
    def build(self, rng, dtype):
        return self.load("linear_numpy").LinearRegression(**self.sizes, rng=rng, dtype=dtype)

    def forward(self, model, batch, training):
        return {"prediction": model.forward(batch["inputs"])}

    def loss(self, model, outputs, batch):
        return self.measured(self.load("linear_numpy").MSELoss(), model, outputs["prediction"], batch["targets"])

    def measured(self, criterion, model, y, targets):
        """The loss by a criterion, and the way back through it and the model."""
        return criterion.forward(y, targets), lambda inputs: {"inputs": model.backward(criterion.backward())}

    def optimizer(self, params, lr=0.1):
        return self.load("linear_numpy").GradientDescent(params, lr)


class LowLinear(LowLevel):
    def init(self, generator):
        return self.load("linear_lowlevel").init_linear(**self.sizes, generator=generator)

    def forward(self, model, batch, training):
        prediction = self.load("linear_lowlevel").linear_regression(model, batch["inputs"])
        return {"prediction": prediction}, {"linear": prediction}

    def loss(self, model, outputs, batch):
        return self.load("linear_lowlevel").mse_loss(outputs["prediction"], batch["targets"])

    def optimizer(self, params, lr=0.1):
        return self.load("linear_lowlevel").GradientDescent(params, lr)


class PaperLinear(ModuleLevel):
    def build(self):
        return self.load("linear_paper").LinearRegression(**self.sizes)

    def init(self, module: Any, generator):
        module.reset_parameters(generator)

    def forward(self, model, batch, training):
        return {"prediction": model(batch["inputs"])}

    def loss(self, model, outputs, batch):
        return F.mse_loss(outputs["prediction"], batch["targets"])

    def optimizer(self, params, lr=0.1):
        return torch.optim.SGD(params.values(), lr=lr)


# ---- ridge ----


class NumpyRidge(NumpyLinear):
    def loss(self, model, outputs, batch):
        loss, backward = super().loss(model, outputs, batch)
        penalty = self.load("regularized_numpy").L2Penalty(RIDGE_ALPHA)

        def backward_with_penalty(inputs):
            input_grads = backward(inputs)
            model.grads["linear.weight"] += penalty.backward()
            return input_grads

        return loss + penalty.forward(model.params["linear.weight"]), backward_with_penalty


class LowRidge(LowLinear):
    def loss(self, model, outputs, batch):
        penalty = self.load("regularized_lowlevel").l2_penalty(model["linear.weight"], RIDGE_ALPHA)
        return super().loss(model, outputs, batch) + penalty


class PaperRidge(PaperLinear):
    def loss(self, model, outputs, batch):
        ridge_loss = self.load("regularized_paper").ridge_loss
        return ridge_loss(model, outputs["prediction"], batch["targets"], RIDGE_ALPHA)


# ---- lasso: the loss is the smooth part, the optimizer knows the penalty ----


class NumpyLasso(NumpyLinear):
    def loss(self, model, outputs, batch):
        criterion = self.load("linear_numpy").MSELoss()
        loss = 0.5 * criterion.forward(outputs["prediction"], batch["targets"])
        return loss, lambda inputs: {"inputs": model.backward(criterion.backward(0.5))}

    def optimizer(self, params, lr=0.1, alpha=LASSO_ALPHA):
        return self.load("regularized_numpy").ProximalGradient(params, lr, alpha)


class LowLasso(LowLinear):
    def loss(self, model, outputs, batch):
        return 0.5 * super().loss(model, outputs, batch)

    def optimizer(self, params, lr=0.1, alpha=LASSO_ALPHA):
        return self.load("regularized_lowlevel").ProximalGradient(params, lr, alpha)


class PaperLasso(PaperLinear):
    def loss(self, model, outputs, batch):
        return self.load("regularized_paper").lasso_loss(outputs["prediction"], batch["targets"])

    def optimizer(self, params, lr=0.1, alpha=LASSO_ALPHA):
        return self.load("regularized_paper").ProximalGradient(params, lr, alpha)


# ---- logistic regression: one output, the logit ----


class NumpyLogistic(NumpyLinear):
    def build(self, rng, dtype):
        return self.load("logistic_numpy").LogisticRegression(self.sizes["in_features"], rng=rng, dtype=dtype)

    def forward(self, model, batch, training):
        logits = model.forward(batch["inputs"])
        return {"logits": logits, "probabilities": self.load("logistic_numpy").sigmoid(logits)}

    def loss(self, model, outputs, batch):
        criterion = self.load("logistic_numpy").BCEWithLogitsLoss()
        return self.measured(criterion, model, outputs["logits"], batch["targets"])


class LowLogistic(LowLinear):
    def forward(self, model, batch, training):
        logistic = self.load("logistic_lowlevel")
        logits = logistic.logistic_regression(model, batch["inputs"])
        return {"logits": logits, "probabilities": logistic.sigmoid(logits)}, {"linear": logits[:, None]}

    def loss(self, model, outputs, batch):
        return self.load("logistic_lowlevel").bce_with_logits(outputs["logits"], batch["targets"])


class PaperLogistic(PaperLinear):
    def build(self):
        return self.load("logistic_paper").LogisticRegression(self.sizes["in_features"])

    def forward(self, model, batch, training):
        logits = model(batch["inputs"])
        return {"logits": logits, "probabilities": logits.sigmoid()}

    def loss(self, model, outputs, batch):
        return self.load("logistic_paper").logistic_loss(outputs["logits"], batch["targets"])


# ---- softmax regression ----


class NumpySoftmax(NumpyLinear):
    def build(self, rng, dtype):
        return self.load("logistic_numpy").SoftmaxRegression(**self.sizes, rng=rng, dtype=dtype)

    def forward(self, model, batch, training):
        logits = model.forward(batch["inputs"])
        return {"logits": logits, "probabilities": self.load("logistic_numpy").softmax(logits)}

    def loss(self, model, outputs, batch):
        criterion = self.load("logistic_numpy").CrossEntropyLoss()
        return self.measured(criterion, model, outputs["logits"], batch["targets"])


class LowSoftmax(LowLinear):
    def forward(self, model, batch, training):
        logistic = self.load("logistic_lowlevel")
        logits = logistic.softmax_regression(model, batch["inputs"])
        return {"logits": logits, "probabilities": logistic.softmax(logits)}, {"linear": logits}

    def loss(self, model, outputs, batch):
        return self.load("logistic_lowlevel").cross_entropy(outputs["logits"], batch["targets"])


class PaperSoftmax(PaperLinear):
    def build(self):
        return self.load("logistic_paper").SoftmaxRegression(**self.sizes)

    def forward(self, model, batch, training):
        logits = model(batch["inputs"])
        return {"logits": logits, "probabilities": logits.softmax(dim=-1)}

    def loss(self, model, outputs, batch):
        return self.load("logistic_paper").softmax_loss(outputs["logits"], batch["targets"])


# ---- sigmoid units and squared error, 1998 ----


class NumpyUnits(NumpyLinear):
    def build(self, rng, dtype):
        features, classes = self.sizes["in_features"], self.sizes["out_features"]
        return self.load("logistic_numpy").SigmoidUnits(features, classes, rng=rng, dtype=dtype)

    def forward(self, model, batch, training):
        return {"scores": model.forward(batch["inputs"])}

    def loss(self, model, outputs, batch):
        scores = outputs["scores"]
        targets = self.load("logistic_numpy").one_hot(batch["targets"], scores.shape[-1], scores.dtype)
        return self.measured(self.load("linear_numpy").MSELoss(), model, scores, targets)


class LowUnits(LowLinear):
    def forward(self, model, batch, training):
        sums, scores = self.load("logistic_lowlevel").sigmoid_units(model, batch["inputs"])
        return {"scores": scores}, {"linear": sums, "sigmoid": scores}

    def loss(self, model, outputs, batch):
        scores = outputs["scores"]
        targets = torch.eye(scores.shape[-1], dtype=scores.dtype)[batch["targets"]]  # one-hot, (B, K)
        return self.load("linear_lowlevel").mse_loss(scores, targets)


class PaperUnits(PaperLinear):
    def build(self):
        return self.load("logistic_paper").SigmoidUnits(self.sizes["in_features"], self.sizes["out_features"])

    def forward(self, model, batch, training):
        return {"scores": model(batch["inputs"])}

    def loss(self, model, outputs, batch):
        return self.load("logistic_paper").units_loss(outputs["scores"], batch["targets"])
