"""Scores with a learned vector for each distance (Shaw et al. 2018, equation 4)."""

import numpy as np


def relative_rows(n: int, m: int, reach: int) -> np.ndarray:
    """Returns: integers (n, m) from 0 to 2 reach: the clipped distance from query to key, plus reach"""
    here = np.arange(m - n, m)[:, None]  # the queries are the last n positions
    return np.clip(np.arange(m) - here, -reach, reach) + reach


def relative_scores(q: np.ndarray, k: np.ndarray, table: np.ndarray) -> np.ndarray:
    """q: (..., n, d). k: (..., m, d). table: (2 reach + 1, d). Returns: (..., n, m)"""
    n, m = q.shape[-2], k.shape[-2]
    rows = relative_rows(n, m, len(table) // 2)
    by_distance = q @ table.T  # (..., n, 2 reach + 1)
    picked = by_distance[..., np.arange(n)[:, None], rows]  # (..., n, m)
    return (q @ np.swapaxes(k, -1, -2) + picked) / np.sqrt(q.shape[-1])


def relative_scores_backward(
    ds: np.ndarray, q: np.ndarray, k: np.ndarray, table: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """ds: (..., n, m). Returns: dq (..., n, d), dk (..., m, d), dtable (2 reach + 1, d)"""
    n, m = q.shape[-2], k.shape[-2]
    rows = relative_rows(n, m, len(table) // 2)
    ds = ds / np.sqrt(q.shape[-1])
    dby_distance = np.zeros((*q.shape[:-1], len(table)))  # (..., n, 2 reach + 1)
    for row in range(len(table)):
        dby_distance[..., row] = (ds * (rows == row)).sum(axis=-1)  # every pair at this distance
    dq = ds @ k + dby_distance @ table
    dtable = dby_distance.reshape(-1, len(table)).T @ q.reshape(-1, q.shape[-1])
    return dq, np.swapaxes(ds, -1, -2) @ q, dtable
