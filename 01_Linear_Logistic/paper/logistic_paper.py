"""Logistic regression, softmax regression, and the linear classifier of LeCun et al. 1998, as modules."""

from __future__ import annotations

from linear_paper import LinearRegression
from torch import Tensor, nn
from torch.nn import functional as F


# --8<-- [start:logistic]
class LogisticRegression(LinearRegression):
    """x: (B, in) -> logits (B,). Train it with `F.binary_cross_entropy_with_logits`."""

    def __init__(self, in_features: int) -> None:
        super().__init__(in_features, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x).squeeze(-1)


# --8<-- [end:logistic]


# --8<-- [start:softmax_regression]
class SoftmaxRegression(LinearRegression):
    """x: (B, in) -> logits (B, K). Train it with `F.cross_entropy`, which takes the logits."""


# --8<-- [end:softmax_regression]


# --8<-- [start:sigmoid_units]
class SigmoidUnits(LinearRegression):
    """x: (B, in) -> scores in (0, 1), (B, K): the linear classifier of LeCun et al. 1998, section III-C.1.

    Every output is a weighted sum of all pixels, squashed; the paper names sigmoid units among the variants that did about
    equally well. Trained with squared error on one-hot targets.
    """

    def __init__(self, in_features: int, classes: int) -> None:
        super().__init__(in_features, classes)
        self.sigmoid = nn.Sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        return self.sigmoid(self.linear(x))


# --8<-- [end:sigmoid_units]


# --8<-- [start:bce]
def logistic_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """logits (B,), targets (B,) in [0, 1]."""
    # eq: bce
    return F.binary_cross_entropy_with_logits(logits, targets)


# --8<-- [end:bce]


# --8<-- [start:cross_entropy]
def softmax_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """logits (B, K), targets (B,) integer labels."""
    return F.cross_entropy(logits, targets)


# --8<-- [end:cross_entropy]


# --8<-- [start:units_loss]
def units_loss(scores: Tensor, targets: Tensor) -> Tensor:
    """scores (B, K), targets (B,) integer labels. Mean squared error against one-hot targets."""
    return F.mse_loss(scores, F.one_hot(targets, scores.shape[-1]).to(scores.dtype))


# --8<-- [end:units_loss]
