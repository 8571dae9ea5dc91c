"""Logistic regression, softmax regression and the sigmoid units of 1998 at every level."""

from __future__ import annotations

from typing import Any

import linear_lowlevel
import linear_numpy
import torch
from linear_levels import lowlevel_level, numpy_level, paper_level

from utils.ladder import Batch, Level

# ---- logistic regression ----


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


# ---- softmax regression ----


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


# ---- sigmoid units and squared error, 1998 ----


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


# ---- the builders of each ladder ----

LOGISTIC_BUILDERS = {
    "numpy": logistic_numpy_level,
    "pytorch_lowlevel": logistic_lowlevel_level,
    "paper": logistic_paper_level,
}
SOFTMAX_BUILDERS = {
    "numpy": softmax_numpy_level,
    "pytorch_lowlevel": softmax_lowlevel_level,
    "paper": softmax_paper_level,
}
UNITS_BUILDERS = {"numpy": units_numpy_level, "pytorch_lowlevel": units_lowlevel_level, "paper": units_paper_level}
