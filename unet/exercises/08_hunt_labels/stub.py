"""Training tiles: image and labels at the same places."""

import numpy as np
from scipy.ndimage import map_coordinates


def sample_pair(image: np.ndarray, labels: np.ndarray, where: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """image: (H, W), labels: (H, W) integers, where: (2, h, w), row and column. Returns: both at these places, (h, w) each;
    the image is interpolated linearly, beyond the borders both are mirrored."""
    moved = map_coordinates(image, where, order=1, mode="mirror")
    classes = map_coordinates(labels, where, order=1, mode="nearest")
    return moved, classes
