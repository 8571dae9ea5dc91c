"""One step of training on a batch that is too large to be held at once."""

from collections.abc import Sequence

import numpy as np
from logistic_numpy import CrossEntropyLoss
from mlp_numpy import MLP
from optimizers_numpy import Optimizer

Array = np.ndarray


def micro_step(
    model: MLP, optimizer: Optimizer, x: Array, labels: Array, masks: Sequence[Array] | None, size: int
) -> float:
    """The step of `mlp_numpy.training_step`, with at most `size` examples in the model at a time.

    x: (B, D). labels: (B,) integers. masks: one (B, width) for each hidden layer, or None. Returns: the loss of the
    whole batch before the update
    """
    criterion = CrossEntropyLoss()
    loss = 0.0
    model.zero_grads()  # once: from here on every backward adds
    for start in range(0, len(x), size):
        piece = slice(start, start + size)  # the last one may be shorter
        share = len(x[piece]) / len(x)
        chosen = None if masks is None else [mask[piece] for mask in masks]
        loss += share * criterion.forward(model.forward(x[piece], chosen), labels[piece])
        model.backward(criterion.backward(share))  # the mean over the piece, weighted by its share of the batch
    optimizer.step(model.grads)
    return loss
