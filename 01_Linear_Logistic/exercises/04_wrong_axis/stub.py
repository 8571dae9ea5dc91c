"""A softmax classifier: probabilities, loss, training, prediction. It trains, and something in it is wrong."""

import numpy as np
from linear_numpy import GradientDescent, Linear


def log_softmax(z: np.ndarray) -> np.ndarray:
    """z: (n, K). Returns: the logarithms of the probabilities, (n, K)"""
    shifted = z - z.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=0))


class CrossEntropyLoss:
    """L = mean over the examples of -log softmax(z)[target]."""

    def forward(self, logits: np.ndarray, targets: np.ndarray) -> float:
        """logits: (n, K). targets: (n,), integers from 0 to K - 1."""
        self.targets = targets
        self.log_probs = log_softmax(logits)
        return float(-self.log_probs[np.arange(len(targets)), targets].mean())

    def backward(self, dy: float = 1.0) -> np.ndarray:
        """Returns: dL/dlogits, (n, K)"""
        n = len(self.targets)
        dlogits = np.exp(self.log_probs)
        dlogits[np.arange(n), self.targets] -= 1.0
        return dlogits * (dy / n)


def train(
    model: Linear,
    x: np.ndarray,
    targets: np.ndarray,
    *,
    lr: float,
    batch_size: int,
    steps: int,
    rng: np.random.Generator,
) -> list[float]:
    """Batches drawn at random, with replacement. x: (n, D). targets: (n,). Returns: the loss of every step."""
    criterion = CrossEntropyLoss()
    optimizer = GradientDescent(model.params, lr)
    losses = []
    for _ in range(steps):
        rows = rng.integers(0, len(x), size=batch_size)
        losses.append(criterion.forward(model.forward(x[rows]), targets[rows]))
        model.zero_grads()
        model.backward(criterion.backward())
        optimizer.step(model.grads)
    return losses


def predict_proba(model: Linear, x: np.ndarray) -> np.ndarray:
    """x: (n, D). Returns: the probability of each class, (n, K)"""
    return np.exp(log_softmax(model.forward(x)))


def predict(model: Linear, x: np.ndarray) -> np.ndarray:
    """x: (n, D). Returns: the most probable class of each example, (n,)"""
    return predict_proba(model, x).argmax(axis=1)


def accuracy(model: Linear, x: np.ndarray, targets: np.ndarray) -> float:
    """The share of examples whose most probable class is the target. x: (n, D). targets: (n,)."""
    return float((predict(model, x) == targets).mean())
