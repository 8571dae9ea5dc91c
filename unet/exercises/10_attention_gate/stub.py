"""An attention gate in a skip.

B  batch    C, D  channels of the skip and of the map from below    E  channels in between    H, W  image
"""

import numpy as np


def gate(x: np.ndarray, g: np.ndarray, p: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """x: (B, C, H, W), g: (B, D, H, W). Returns: y (B, C, H, W), alpha (B, H, W)"""
    raise NotImplementedError("gate")


def gate_backward(
    dy: np.ndarray, x: np.ndarray, g: np.ndarray, p: dict[str, np.ndarray]
) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """dy: (B, C, H, W). Returns: dx (B, C, H, W), dg (B, D, H, W), gradients of the parameters under their names"""
    raise NotImplementedError("gate_backward")
