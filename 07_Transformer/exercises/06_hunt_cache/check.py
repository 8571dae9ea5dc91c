import numpy as np


def whole(x, wq, wk, wv):
    """The definition, a position at a time."""
    out = np.zeros_like(x)
    for i in range(len(x)):
        s = (x[: i + 1] @ wk.T) @ (x[i] @ wq.T) / np.sqrt(x.shape[1])
        e = np.exp(s - s.max())
        out[i] = e @ (x[: i + 1] @ wv.T) / e.sum()
    return out


def build(t, n):
    weights = [t.rng.normal(size=(3, 3)) for _ in range(3)]
    return t.call("CachedAttention", *weights), t.rng.normal(size=(n, 3)), weights


def pieces(t, layer, x, cuts):
    return np.concatenate([t.call(layer.forward, piece) for piece in np.split(x, cuts)])


def check_whole(t):
    """The whole sequence in one call"""
    layer, x, weights = build(t, 7)
    t.equal(t.call(layer.forward, x), whole(x, *weights))


def check_one_by_one(t):
    """One position after the other"""
    layer, x, weights = build(t, 7)
    t.equal(pieces(t, layer, x, range(1, 7)), whole(x, *weights))


def check_pieces(t):
    """In pieces of any size"""
    for cuts in ([3], [5], [1], [2, 5], [1, 2, 4], [6]):
        layer, x, weights = build(t, 7)
        t.equal(pieces(t, layer, x, cuts), whole(x, *weights), why=f"cut at {list(cuts)}")


def check_visible(t):
    """Each position sees itself and all before it, and no more"""
    layer, _, _ = build(t, 2)
    for n, m in ((1, 1), (1, 5), (3, 3), (2, 5), (4, 7)):
        expected = np.array([[j <= m - n + i for j in range(m)] for i in range(n)])
        t.equal(t.call(layer.visible, n, m), expected, what=f"visible({n}, {m})")


def check_no_leak(t):
    """A later position does not change an earlier one of the same piece"""
    layer, x, weights = build(t, 7)
    before = pieces(t, layer, x, [3])
    other = x.copy()
    other[5:] += 1.0
    again = t.call("CachedAttention", *weights)
    t.equal(pieces(t, again, other, [3])[:5], before[:5], what="the outputs before the change")


def check_reset(t):
    """After reset a new sequence begins"""
    layer, x, weights = build(t, 5)
    t.call(layer.forward, x)
    layer.reset()
    t.equal(t.call(layer.forward, x[2:]), whole(x[2:], *weights))
