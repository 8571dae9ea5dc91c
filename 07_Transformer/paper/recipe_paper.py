"""How the Transformer is trained: label smoothing, the learning rate, the mean of the last checkpoints.

Vaswani et al.: Attention Is All You Need, NeurIPS 2017: section 5.3 (equation 3), 5.4 (label smoothing), 6.1 (averaging).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F
from transformer_paper import PAD


# --8<-- [start:loss]
def smoothed_cross_entropy(logits: Tensor, labels: Tensor, smoothing: float = 0.1, pad: int = PAD) -> Tensor:
    """Cross-entropy with the target (1 - eps) one-hot + eps / V, averaged over the labels that are not `pad` (section 5.4).

    logits: (B, T, V). labels: ids (B, T), the target one position later. Padding alone gives nan.
    """
    if labels.shape != logits.shape[:-1]:
        raise ValueError(f"expected labels of shape {tuple(logits.shape[:-1])}, got {tuple(labels.shape)}")
    return F.cross_entropy(logits.flatten(0, -2), labels.flatten(), ignore_index=pad, label_smoothing=smoothing)


# --8<-- [end:loss]


# --8<-- [start:schedule]
def transformer_schedule(step: int, d_model: int, warmup: int = 4000) -> float:
    """d^-0.5 min(step^-0.5, step warmup^-1.5) (equation 3). step: 1 for the first update."""
    if step < 1 or warmup < 1:
        raise ValueError(f"transformer_schedule counts from 1, got step {step} and warmup {warmup}")
    return d_model**-0.5 * min(step**-0.5, step * warmup**-1.5)


# --8<-- [end:schedule]


# --8<-- [start:averaging]
def average_checkpoints(states: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """The mean of every parameter over several checkpoints: the last 5 for base, the last 20 for big (section 6.1)."""
    if not states:
        raise ValueError("average_checkpoints got no checkpoints")
    for state in states[1:]:
        if state.keys() != states[0].keys():
            raise ValueError(f"average_checkpoints: names differ: {sorted(state.keys() ^ states[0].keys())}")
    return {name: torch.stack([state[name] for state in states]).mean(dim=0) for name in states[0]}


# --8<-- [end:averaging]
