"""The gap term of the weight map (equation 2)."""

import numpy as np


def gap_weights(cells: np.ndarray, w_0: float = 10.0, sigma: float = 5.0) -> np.ndarray:
    """w_0 exp(-(d1 + d2)^2 / (2 sigma^2)) on the background, 0 in cells and where there are fewer than two.

    cells: (H, W), 0 the background, 1, 2, ... the cells one by one. Returns: (H, W)
    """
    raise NotImplementedError("gap_weights")
