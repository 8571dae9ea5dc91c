"""Attention over keys that are divided into parts: each part alone, then merged."""

import numpy as np

State = tuple[np.ndarray, np.ndarray, np.ndarray]


def nothing(n: int, width: int) -> State:
    """Returns: top (n, 1), total (n, 1), mixed (n, width) of n queries and no key"""
    raise NotImplementedError("nothing")


def part(q: np.ndarray, k: np.ndarray, v: np.ndarray, mask: np.ndarray) -> State:
    """q: (n, d_k). k: (m, d_k). v: (m, d_v). mask: bool (n, m), True where visible; m may be 0. Returns: their state"""
    raise NotImplementedError("part")


def merge(a: State, b: State) -> State:
    """Returns: the state of the keys of both"""
    raise NotImplementedError("merge")


def finish(state: State) -> np.ndarray:
    """Returns: (n, d_v), the weighted mean of the values; 0 where no key was visible"""
    raise NotImplementedError("finish")
