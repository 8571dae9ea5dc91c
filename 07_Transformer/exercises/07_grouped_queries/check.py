import numpy as np

SIZES = [(6, 2), (6, 3), (5, 5), (3, 1), (1, 1)]


def problem(rng, heads, groups, n=3, m=5, *, sentences=2, d_k=3, d_v=2):
    q = rng.normal(size=(sentences, heads, n, d_k))
    k, v = rng.normal(size=(sentences, groups, m, d_k)), rng.normal(size=(sentences, groups, m, d_v))
    mask = rng.random((sentences, 1, n, m)) < 0.7
    mask[..., 0] = True
    mask[1, 0, 1] = False
    return q, k, v, mask


def by_heads(q, k, v, mask):
    """The definition, a head at a time."""
    heads, groups = q.shape[1], k.shape[1]
    out = []
    for h in range(heads):
        g = h // (heads // groups)
        e = np.exp(q[:, h] @ np.swapaxes(k[:, g], 1, 2) / np.sqrt(q.shape[3])) * mask[:, min(h, mask.shape[1] - 1)]
        out.append(e / np.maximum(e.sum(axis=-1, keepdims=True), 1e-300) @ v[:, g])
    return np.stack(out, axis=1)


def forward(t, q, k, v, mask):
    got = t.call("grouped_attention", q, k, v, mask)
    t.require(
        isinstance(got, (tuple, list)) and len(got) == 2, "grouped_attention must return y and what is kept", got=got
    )
    return got


def check_output(t):
    """The output is that of each head with its group's keys"""
    for heads, groups in SIZES:
        q, k, v, mask = problem(t.rng, heads, groups)
        y, _ = forward(t, q, k, v, mask)
        t.equal(y, by_heads(q, k, v, mask), why=f"{heads} heads of queries, {groups} of keys")
    q, k, v, mask = problem(t.rng, 6, 2)
    mask = np.concatenate([mask, t.rng.random((2, 5, 3, 5)) < 0.5], axis=1)
    t.equal(forward(t, q, k, v, mask)[0], by_heads(q, k, v, mask), why="each head of queries has a mask of its own")
    given = problem(t.rng, 6, 2, d_k=1, d_v=1)
    t.equal(forward(t, *given)[0], by_heads(*given), why="each key and value is a single number")


def check_refused(t):
    """Heads that cannot be divided are refused"""
    q, k, v, mask = problem(t.rng, 5, 2)
    t.raises("grouped_attention", q, k, v, mask, says="5")
    t.raises("pool_heads", np.zeros((26, 3)), 13, 7, says="13")


def check_query_gradient(t):
    """The gradient of the queries agrees with central differences"""
    for heads, groups in SIZES[:2]:
        q, k, v, mask = problem(t.rng, heads, groups, 2, 3)
        y, kept = forward(t, q, k, v, mask)
        dy = t.rng.normal(size=y.shape)
        dq = t.call("grouped_attention_backward", dy, kept)[0]
        t.equal(dq, t.numeric_gradient(lambda: by_heads(q, k, v, mask), q, dy), rtol=1e-6, atol=1e-7)  # noqa: B023


def check_key_gradients(t):
    """So do those of keys and values, which several heads use"""
    for heads, groups in SIZES[:2]:
        q, k, v, mask = problem(t.rng, heads, groups, 2, 3)
        y, kept = forward(t, q, k, v, mask)
        dy = t.rng.normal(size=y.shape)
        _, dk, dv = t.call("grouped_attention_backward", dy, kept)
        for what, x, got in (("dk", k, dk), ("dv", v, dv)):
            expected = t.numeric_gradient(lambda: by_heads(q, k, v, mask), x, dy)  # noqa: B023
            t.equal(got, expected, rtol=1e-6, atol=1e-7, what=what)


def check_no_copy(t):
    """Keys and values are not copied for each head"""
    q, k, v, mask = problem(t.rng, 6, 2)
    _, kept = forward(t, q, k, v, mask)
    large = [x.shape for x in kept if isinstance(x, np.ndarray) and x.shape[-2:] == (5, 2) and x.size > v.size]
    t.require(not large, "values are kept once for each head of queries", got=str(large))
    heads, m, width = 32, 64, 64
    q, k, v = (t.rng.normal(size=(1, count, rows, width)) for count, rows in ((heads, 1), (2, m), (2, m)))
    mask, copied = np.ones((1, 1, 1, m), dtype=bool), heads * m * width * 8
    why = f"one copy of the keys for each of {heads} heads takes {copied / 1e6:.3g} MB"
    y, kept = t.memory("grouped_attention", q, k, v, mask, at_most=copied / 2, why=why)
    t.memory("grouped_attention_backward", np.ones_like(y), kept, at_most=copied / 2, why=why)


def check_no_loop(t):
    """No loop over heads or groups"""
    sizes = ((2, 2, 2), (36, 18, 31))
    small, large = (problem(t.rng, heads, groups, sentences=count) for heads, groups, count in sizes)
    t.no_loop("grouped_attention", small, large, over="heads")
    backward = [(t.rng.normal(size=(*q.shape[:3], 2)), forward(t, q, *rest)[1]) for q, *rest in (small, large)]
    t.no_loop("grouped_attention_backward", *backward, over="heads")
    weights = [(t.rng.normal(size=(heads * 7, 3)), heads, groups) for heads, groups, _ in sizes]
    t.no_loop("pool_heads", *weights, over="heads")


def check_pool(t):
    """Pooled heads are means of their groups"""
    for heads, groups in SIZES:
        width = 3 if heads > 1 else 1
        weight = t.rng.normal(size=(heads * 7, width))
        expected = np.zeros((groups * 7, width))
        for g in range(groups):
            share = heads // groups
            for h in range(g * share, (g + 1) * share):
                expected[g * 7 : (g + 1) * 7] += weight[h * 7 : (h + 1) * 7] / share
        got = t.call("pool_heads", weight, heads, groups)
        t.equal(got, expected)
        t.own_memory(got, weight)
        t.keeps_dtype("pool_heads", weight, heads, groups)


def check_bytes(t):
    """The cache is as large as its keys and values"""
    for sizes in ((32, 8, 128, 4096, 2), (3, 5, 7, 11, 4)):
        layers, groups, d_k, length, each = sizes
        k = np.zeros((layers, groups, length, d_k))
        t.equal(t.call("cache_bytes", *sizes), (k.size + k.size) * each)
