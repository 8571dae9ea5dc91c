"""The learning rate of the Transformer: it rises in a straight line, then falls with the root of the step.

Vaswani et al. 2017, section 5.3, equation 3. Adam with betas (0.9, 0.98) and eps 1e-9 comes from chapter 02.
"""

from __future__ import annotations

ADAM = {"betas": (0.9, 0.98), "eps": 1e-9}  # section 5.3


# --8<-- [start:schedule]
def transformer_schedule(step: int, d_model: int, warmup: int = 4000) -> float:
    """d^-0.5 min(step^-0.5, step warmup^-1.5). step: 1 for the first update. The two meet at step = warmup.

    Raises:
        ValueError: a step or a warm-up below 1 (0^-0.5 is infinite).
    """
    if step < 1 or warmup < 1:
        raise ValueError(f"transformer_schedule counts from 1, got step {step} and warmup {warmup}")
    # eq: learning-rate
    return d_model**-0.5 * min(step**-0.5, step * warmup**-1.5)


# --8<-- [end:schedule]
