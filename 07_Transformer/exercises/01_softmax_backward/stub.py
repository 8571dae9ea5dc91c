"""Softmax and three of its relatives along the last axis: forward is given, the gradients are yours."""

import numpy as np


def softmax(x: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """x: (..., m). Returns: (..., m), each row sums to 1"""
    e = np.exp((x - x.max(axis=-1, keepdims=True)) / temperature)
    return e / e.sum(axis=-1, keepdims=True)


def sink_forward(x: np.ndarray, sink: float) -> tuple[np.ndarray, np.ndarray]:
    """x: (..., m). Returns: p (..., m), and what the sink takes, (..., 1); together they sum to 1"""
    top = np.maximum(x.max(axis=-1, keepdims=True), sink)
    e, taken = np.exp(x - top), np.exp(sink - top)
    total = taken + e.sum(axis=-1, keepdims=True)
    return e / total, taken / total


def jacobian(p: np.ndarray) -> np.ndarray:
    """p: (m,), a softmax. Returns: (m, m), entry [j, l] is the derivative of p_j with respect to x_l"""
    raise NotImplementedError("jacobian")


def log_softmax_backward(dlog_p: np.ndarray, log_p: np.ndarray) -> np.ndarray:
    """dlog_p, log_p: (..., m). Returns: dx (..., m)"""
    raise NotImplementedError("log_softmax_backward")


def temperature_backward(dp: np.ndarray, p: np.ndarray, x: np.ndarray, temperature: float) -> tuple[np.ndarray, float]:
    """dp, p, x: (..., m). Returns: dx (..., m) and dtemperature"""
    raise NotImplementedError("temperature_backward")


def sink_backward(dp: np.ndarray, p: np.ndarray, sink_p: np.ndarray) -> tuple[np.ndarray, float]:
    """dp, p: (..., m). sink_p: (..., 1). Returns: dx (..., m) and dsink"""
    raise NotImplementedError("sink_backward")
