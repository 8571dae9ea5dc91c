import tracemalloc

import numpy as np

SIZES = [(5, 5, 2), (3, 7, 1), (1, 6, 3), (7, 7, 11)]  # queries, keys, reach


def row(i, j, n, m, reach):
    return min(max(j - (m - n + i), -reach), reach) + reach


def scores(q, k, table):
    """The definition: each pair has a key of its own."""
    n, m, reach = q.shape[-2], k.shape[-2], len(table) // 2
    rows = np.array([[row(i, j, n, m, reach) for j in range(m)] for i in range(n)])
    keys = k[..., None, :, :] + table[rows]  # (..., n, m, d)
    return (q[..., None, :] * keys).sum(axis=-1) / np.sqrt(q.shape[-1])


def problem(rng, n, m, reach, lead=(2, 3), d=5):
    return rng.normal(size=(*lead, n, d)), rng.normal(size=(*lead, m, d)), rng.normal(size=(2 * reach + 1, d))


def check_rows(t):
    """Each pair uses the row of its distance"""
    for n, m, reach in SIZES:
        expected = np.array([[row(i, j, n, m, reach) for j in range(m)] for i in range(n)])
        t.equal(t.call("relative_rows", n, m, reach), expected, why=f"{n} queries behind {m - n} cached positions")


def check_scores(t):
    """The scores are those of the definition"""
    for sizes in SIZES:
        q, k, table = problem(t.rng, *sizes)
        t.equal(t.call("relative_scores", q, k, table), scores(q, k, table))
    q, k, table = problem(t.rng, 1, 1, 2, lead=(3,), d=1)
    t.equal(t.call("relative_scores", q, k, table), scores(q, k, table), why="one query, one key, a width of 1")


def gradients(t, sizes, lead=(2, 3)):
    q, k, table = problem(t.rng, *sizes, lead)
    ds = t.rng.normal(size=(*lead, *sizes[:2]))
    got = t.call("relative_scores_backward", ds, q, k, table)
    t.require(
        isinstance(got, (tuple, list)) and len(got) == 3,
        "relative_scores_backward must return three gradients",
        got=got,
    )
    return q, k, table, ds, got


def check_query_and_key(t):
    """The gradients of queries and keys agree with central differences"""
    for sizes, lead in zip(SIZES[1:3], ((2, 3), (3,)), strict=True):
        q, k, table, ds, (dq, dk, _) = gradients(t, sizes, lead)
        t.equal(dq, t.numeric_gradient(lambda: scores(q, k, table), q, ds), rtol=1e-6, atol=1e-7, what="dq")  # noqa: B023
        t.equal(dk, t.numeric_gradient(lambda: scores(q, k, table), k, ds), rtol=1e-6, atol=1e-7, what="dk")  # noqa: B023


def check_table(t):
    """So does that of the table"""
    for sizes in SIZES[:3]:
        q, k, table, ds, (_, _, dtable) = gradients(t, sizes)
        t.equal(dtable, t.numeric_gradient(lambda: scores(q, k, table), table, ds), rtol=1e-6, atol=1e-7)  # noqa: B023


def check_memory(t):
    """No array holds a vector for each pair"""
    q, k = t.rng.normal(size=(150, 61)), t.rng.normal(size=(150, 61))
    table, ds = t.rng.normal(size=(7, 61)), t.rng.normal(size=(150, 150))
    tracemalloc.start()
    try:
        t.call("relative_scores", q, k, table)
        t.call("relative_scores_backward", ds, q, k, table)
        peak = tracemalloc.get_traced_memory()[1]
    finally:  # whatever the learner's code does: everything runs five times slower while memory is traced
        tracemalloc.stop()
    t.require(peak < 150 * 150 * 61 * 8 / 2, "the peak of memory is that of an array (n, m, d)", got=f"{peak} bytes")
