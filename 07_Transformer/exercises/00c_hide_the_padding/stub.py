"""Broadcasting: a mask for each sentence."""

import numpy as np


def hide_padding(scores: np.ndarray, real: np.ndarray) -> np.ndarray:
    """scores: (B, H, n, m). real: bool (B, m), True at real words. Returns: (B, H, n, m), a new array"""
    raise NotImplementedError("hide_padding")
