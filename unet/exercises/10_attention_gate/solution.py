"""An attention gate in a skip.

B  batch    C, D  channels of the skip and of the map from below    E  channels in between    H, W  image
"""

import numpy as np


def gate(x: np.ndarray, g: np.ndarray, p: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """x: (B, C, H, W), g: (B, D, H, W). Returns: y (B, C, H, W), alpha (B, H, W)"""
    z = np.einsum("ec,bchw->behw", p["wx"], x) + np.einsum("ed,bdhw->behw", p["wg"], g) + p["b"][:, None, None]
    alpha = sigmoid(np.einsum("e,behw->bhw", p["psi"], np.maximum(z, 0.0)) + p["c"])
    return alpha[:, None] * x, alpha


def gate_backward(
    dy: np.ndarray, x: np.ndarray, g: np.ndarray, p: dict[str, np.ndarray]
) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """dy: (B, C, H, W). Returns: dx (B, C, H, W), dg (B, D, H, W), gradients of the parameters under their names"""
    z = np.einsum("ec,bchw->behw", p["wx"], x) + np.einsum("ed,bdhw->behw", p["wg"], g) + p["b"][:, None, None]
    q = np.maximum(z, 0.0)
    _, alpha = gate(x, g, p)
    ds = (dy * x).sum(axis=1) * alpha * (1.0 - alpha)  # alpha weighs every channel: (B, H, W)
    dz = p["psi"][:, None, None] * ds[:, None] * (z > 0)  # (B, E, H, W)
    grads = {
        "wx": np.einsum("behw,bchw->ec", dz, x),
        "wg": np.einsum("behw,bdhw->ed", dz, g),
        "b": dz.sum(axis=(0, 2, 3)),
        "psi": np.einsum("bhw,behw->e", ds, q),
        "c": ds.sum(),
    }
    dx = alpha[:, None] * dy + np.einsum("ec,behw->bchw", p["wx"], dz)  # through the product, and through the gate
    return dx, np.einsum("ed,behw->bdhw", p["wg"], dz), grads


def sigmoid(s: np.ndarray) -> np.ndarray:
    """1 / (1 + e^-s), without overflow."""
    e = np.exp(-np.abs(s))
    return np.where(s >= 0, 1.0, e) / (1.0 + e)
