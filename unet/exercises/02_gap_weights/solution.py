"""The gap term of the weight map (equation 2)."""

import numpy as np
from scipy import ndimage


def gap_weights(cells: np.ndarray, w_0: float = 10.0, sigma: float = 5.0) -> np.ndarray:
    """w_0 exp(-(d1 + d2)^2 / (2 sigma^2)) on the background, 0 in cells and where there are fewer than two.

    cells: (H, W), 0 the background, 1, 2, ... the cells one by one. Returns: (H, W)
    """
    count = int(cells.max())
    if count < 2:
        return np.zeros(cells.shape)
    distances = np.stack([ndimage.distance_transform_edt(cells != n) for n in range(1, count + 1)])
    d1, d2 = np.sort(distances, axis=0)[:2]
    gap = w_0 * np.exp(-((d1 + d2) ** 2) / (2 * sigma**2))
    return np.where(cells == 0, gap, 0.0)
