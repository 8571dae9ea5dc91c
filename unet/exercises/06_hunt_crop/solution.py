"""The joint of a U-Net: the skip is cropped to what comes from below.

B  batch    C, D  channels    H, W  skip    h, w  map from below
"""

import numpy as np


def joint(skip: np.ndarray, below: np.ndarray) -> np.ndarray:
    """skip: (B, C, H, W), below: (B, D, h, w). Returns: (B, C + D, h, w), the middle of the skip first"""
    (H, W), (h, w) = skip.shape[2:], below.shape[2:]
    top, left = (H - h) // 2, (W - w) // 2
    return np.concatenate([skip[:, :, top : top + h, left : left + w], below], axis=1)


def joint_backward(dy: np.ndarray, skip_shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """dy: (B, C + D, h, w). Returns: dskip (B, C, H, W), dbelow (B, D, h, w)"""
    _, C, H, W = skip_shape
    h, w = dy.shape[2:]
    top, left = (H - h) // 2, (W - w) // 2
    dskip = np.zeros(skip_shape)
    dskip[:, :, top : top + h, left : left + w] = dy[:, :C]
    return dskip, dy[:, C:]
