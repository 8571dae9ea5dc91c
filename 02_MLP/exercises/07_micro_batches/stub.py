"""One step of training on a batch that is too large to be held at once."""

from collections.abc import Sequence

import numpy as np
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
    raise NotImplementedError("micro_step")
