import numpy as np


def problem(rng, n=5, m=5, size=1.0):
    """q (2, n, 3), k, v, and a causal mask with one row that sees nothing in the second sentence."""
    q, k, v = rng.normal(size=(2, n, 3)) * size, rng.normal(size=(2, m, 3)) * size, rng.normal(size=(2, m, 2))
    mask = np.tile(np.tril(np.ones((n, m), dtype=bool)), (2, 1, 1))
    mask[1, 2] = False
    return q, k, v, mask


def visible_only(q, k, v, mask):
    """The definition over the visible keys alone, a query at a time."""
    out = np.zeros((*q.shape[:-1], v.shape[-1]))
    for b, i in np.ndindex(*q.shape[:2]):
        seen = np.flatnonzero(mask[b, i])
        if len(seen):
            s = k[b, seen] @ q[b, i] / np.sqrt(q.shape[-1])
            e = np.exp(s - s.max())
            out[b, i] = e @ v[b, seen] / e.sum()
    return out


def forward(t, q, k, v, mask):
    got = t.call("attend", q, k, v, mask)
    t.require(
        isinstance(got, (tuple, list)) and len(got) == 2,
        "attend must return the output and what backward needs",
        got=got,
    )
    return got


def check_the_future(t):
    """What a query may not see does not change its output"""
    q, k, v, mask = problem(t.rng)
    before, _ = forward(t, q, k, v, mask)
    for last in (1, 3):
        other_k, other_v = k.copy(), v.copy()
        other_k[:, last + 1 :] += t.rng.normal(size=other_k[:, last + 1 :].shape)
        other_v[:, last + 1 :] *= -2.0
        after, _ = forward(t, q, other_k, other_v, mask)
        t.equal(after[:, : last + 1], before[:, : last + 1], what=f"the outputs up to {last}, after later keys changed")


def check_weights(t):
    """The weights of a row sum to 1, and are 0 on hidden keys"""
    q, k, v, mask = problem(t.rng)
    _, (_, _, _, weights) = forward(t, q, k, v, mask)
    t.equal(weights.sum(axis=-1), mask.any(axis=-1).astype(float), what="the sums of the rows")
    t.equal(weights[~mask], np.zeros(np.count_nonzero(~mask)), what="the weights on hidden keys")


def check_output(t):
    """The output is that of the visible keys"""
    for n, m, size in ((5, 5, 1.0), (3, 7, 1.0), (5, 5, 3.0)):
        q, k, v, mask = problem(t.rng, n, m, size)
        out, _ = forward(t, q, k, v, mask)
        t.equal(out, visible_only(q, k, v, mask), rtol=1e-9, atol=1e-10)


def check_large_hidden_scores(t):
    """Hidden scores a thousand times larger change nothing"""
    q, k, v, mask = problem(t.rng)
    k[:, -1] = 1e4 * q[:, 0]
    with np.errstate(all="ignore"):
        out, _ = forward(t, q, k, v, mask)
    expected = visible_only(q, k, v, mask)
    t.equal(out[:, :-1], expected[:, :-1], rtol=1e-9, atol=1e-10)


def check_gradients(t):
    """The gradients agree with central differences"""
    q, k, v, mask = problem(t.rng)
    dy = t.rng.normal(size=(2, 5, 2))
    _, kept = forward(t, q, k, v, mask)
    got = t.call("attend_backward", dy, kept)
    t.require(isinstance(got, (tuple, list)) and len(got) == 3, "attend_backward must return dq, dk, dv", got=got)
    for name, x, mine in zip(("dq", "dk", "dv"), (q, k, v), got, strict=True):
        expected = t.numeric_gradient(lambda: visible_only(q, k, v, mask), x, dy)
        t.equal(mine, expected, rtol=1e-6, atol=1e-7, what=name)


def check_shapes(t):
    """Any number of leading axes, and sizes of 1"""
    for lead, n, m, d_k, d_v in (((), 3, 5, 2, 3), ((2, 3), 1, 5, 1, 1)):
        q, k = t.rng.normal(size=(*lead, n, d_k)), t.rng.normal(size=(*lead, m, d_k))
        v, mask = t.rng.normal(size=(*lead, m, d_v)), t.rng.random((*lead, n, m)) < 0.6
        out, _ = forward(t, q, k, v, mask)
        flat = [x.reshape(-1, *x.shape[-2:]) for x in (q, k, v, mask)]
        t.equal(out, visible_only(*flat).reshape(*lead, n, d_v))
