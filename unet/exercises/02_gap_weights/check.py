import numpy as np


def blocks():
    cells = np.zeros((11, 23), dtype=np.int64)
    cells[2:8, 1:6], cells[3:9, 8:13], cells[1:4, 17:22] = 1, 2, 3
    return cells


def by_definition(cells, w_0, sigma):
    """Every background pixel against every pixel of every cell."""
    out = np.zeros(cells.shape)
    for i, j in np.argwhere(cells == 0):
        d = sorted(min(np.hypot(i - a, j - b) for a, b in np.argwhere(cells == n)) for n in range(1, cells.max() + 1))
        out[i, j] = w_0 * np.exp(-((d[0] + d[1]) ** 2) / (2 * sigma**2))
    return out


def check_three_cells(t):
    """Three cells against the definition, pixel by pixel"""
    t.equal(t.call("gap_weights", blocks()), by_definition(blocks(), 10.0, 5.0), what="the weights")


def check_two_cells(t):
    """Two cells, and images of a single row or column"""
    two = np.where(blocks() == 3, 0, blocks())
    for cells in (two, two[4:5], two[4:5].T.copy()):
        t.equal(t.call("gap_weights", cells), by_definition(cells, 10.0, 5.0), what="the weights")


def check_settings(t):
    """w_0 and sigma have their effect"""
    for w_0, sigma in ((3.0, 5.0), (10.0, 2.0), (7.0, 11.0)):
        t.equal(t.call("gap_weights", blocks(), w_0, sigma), by_definition(blocks(), w_0, sigma), what="the weights")


def check_few_cells(t):
    """With one cell or none there is no gap"""
    for cells in (np.zeros((5, 7), dtype=np.int64), np.minimum(blocks(), 1) * (np.arange(23) < 7)):
        t.equal(t.call("gap_weights", cells), np.zeros(cells.shape), what="the weights")
