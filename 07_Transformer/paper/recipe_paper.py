"""How the Transformer is trained: label smoothing and the learning rate.

Vaswani et al.: Attention Is All You Need, NeurIPS 2017: section 5.3 (equation 3), 5.4 (label smoothing).
"""

from __future__ import annotations

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
    # eq: label-smoothing
    return F.cross_entropy(logits.flatten(0, -2), labels.flatten(), ignore_index=pad, label_smoothing=smoothing)


# --8<-- [end:loss]


# --8<-- [start:schedule]
def transformer_schedule(step: int, d_model: int, warmup: int = 4000) -> float:
    """d^-0.5 min(step^-0.5, step warmup^-1.5) (equation 3). step: 1 for the first update."""
    if step < 1 or warmup < 1:
        raise ValueError(f"transformer_schedule counts from 1, got step {step} and warmup {warmup}")
    # eq: learning-rate
    return d_model**-0.5 * min(step**-0.5, step * warmup**-1.5)


# --8<-- [end:schedule]
