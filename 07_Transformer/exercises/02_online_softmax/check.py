import numpy as np


def problem(rng, n=5, m=11, size=1.0):
    """q, k, v, and a mask in which the first query sees all keys and the last none."""
    q, k, v = rng.normal(size=(n, 3)) * size, rng.normal(size=(m, 3)), rng.normal(size=(m, 2))
    mask = rng.random((n, m)) < 0.6
    mask[0], mask[-1] = True, False
    return q, k, v, mask


def whole(q, k, v, mask):
    """One softmax over all keys, a query at a time."""
    out = np.zeros((len(q), v.shape[1]))
    for i in range(len(q)):
        seen = np.flatnonzero(mask[i])
        if len(seen):
            s = k[seen] @ q[i] / np.sqrt(q.shape[1])
            e = np.exp(s - s.max())
            out[i] = e @ v[seen] / e.sum()
    return out


def state(t, got, n, width, name):
    t.require(isinstance(got, (tuple, list)) and len(got) == 3, f"{name} must return top, total and mixed", got=got)
    for what, value, shape in zip(("top", "total", "mixed"), got, ((n, 1), (n, 1), (n, width)), strict=True):
        t.require(
            np.shape(value) == shape, f"{name}: {what} has the wrong shape", expected=str(shape), got=np.shape(value)
        )
    return got


def parts(t, q, k, v, mask, cuts):
    """The states of the blocks of keys between the cuts."""
    ends = [*cuts, len(k)]
    found = []
    for low, high in zip([0, *cuts], ends, strict=True):
        got = t.call("part", q, k[low:high], v[low:high], mask[:, low:high])
        found.append(state(t, got, len(q), v.shape[1], "part"))
    return found


def check_one_part(t):
    """One part over all keys is the whole attention"""
    with np.errstate(all="raise", under="ignore"):
        for size in (1.0, 3.0):
            q, k, v, mask = problem(t.rng, size=size)
            [only] = parts(t, q, k, v, mask, [])
            t.equal(t.call("finish", only), whole(q, k, v, mask), rtol=1e-10, why="The last query may look at no key.")


def check_the_state(t):
    """Top and sums are those of the block"""
    with np.errstate(all="raise", under="ignore"):
        q, k, v, mask = problem(t.rng)
        [(top, total, mixed)] = parts(t, q, k, v, mask, [])
        for i in range(len(q) - 1):
            s = (k @ q[i] / np.sqrt(3))[mask[i]]
            t.equal(top[i, 0], s.max(), what="top")
            t.equal(total[i, 0], np.exp(s - s.max()).sum(), what="total")
            t.equal(mixed[i], np.exp(s - s.max()) @ v[mask[i]], what="mixed")
        t.require(top[-1, 0] == -np.inf, "the top of a query without visible keys", expected="-inf", got=top[-1, 0])


def check_merge(t):
    """Parts merged are the whole attention"""
    with np.errstate(all="raise", under="ignore"):
        for cuts in ([4], [1], [2, 7]):
            q, k, v, mask = problem(t.rng, size=4.0)
            merged, *rest = parts(t, q, k, v, mask, cuts)
            for other in rest:
                merged = state(t, t.call("merge", merged, other), len(q), 2, "merge")
            t.equal(t.call("finish", merged), whole(q, k, v, mask), rtol=1e-10, why=f"keys cut at {cuts}")


def check_order(t):
    """The order and the grouping do not matter"""
    with np.errstate(all="raise", under="ignore"):
        q, k, v, mask = problem(t.rng, size=4.0)
        a, b, c = parts(t, q, k, v, mask, [3, 8])
        one = t.call("merge", t.call("merge", a, b), c)
        for other in (t.call("merge", a, t.call("merge", b, c)), t.call("merge", t.call("merge", c, a), b)):
            for what, mine, right in zip(("top", "total", "mixed"), other, one, strict=True):
                seen = slice(0, -1)
                t.equal(mine[seen], right[seen], rtol=1e-10, what=what)


def check_nothing(t):
    """Nothing merged with a part is the part"""
    with np.errstate(all="raise", under="ignore"):
        q, k, v, mask = problem(t.rng)
        [a] = parts(t, q, k, v, mask, [])
        empty = state(t, t.call("nothing", len(q), 2), len(q), 2, "nothing")
        t.equal(t.call("finish", empty), np.zeros((len(q), 2)), what="the output of nothing")
        state(t, t.call("nothing", 3, 7), 3, 7, "nothing")
        state(t, t.call("part", q[:0], k, v, mask[:0]), 0, 2, "part")
        for merged in (t.call("merge", a, empty), t.call("merge", empty, a)):
            t.equal(t.call("finish", merged), whole(q, k, v, mask), rtol=1e-10)
        keyless = state(t, t.call("part", q, k[:0], v[:0], mask[:, :0]), len(q), 2, "part")
        why = "a part without keys is nothing: its top is -inf, its sums are 0"
        for what, mine, right in zip(("top", "total", "mixed"), keyless, empty, strict=True):
            t.equal(mine, right, what=f"{what} of a part with 0 keys", why=why)
        both = t.call("merge", empty, empty)
        t.equal(t.call("finish", both), np.zeros((len(q), 2)), what="nothing merged with nothing")


def check_large_scores(t):
    """Scores of 1e4 in one part and of -1e4 in another stay finite"""
    with np.errstate(all="raise", under="ignore"):
        q, k = np.array([[1e4], [-1e4]]), np.array([[1.0], [0.5], [-1.0]])
        a, b, c = parts(t, q, k, np.eye(3), np.ones((2, 3), dtype=bool), [1, 2])
        merged = t.call("merge", t.call("merge", c, b), a)
        t.equal(t.call("finish", merged), np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]))
        low = t.call("part", np.array([[-1e4]]), np.array([[1.0], [1.0]]), np.eye(2), np.ones((1, 2), dtype=bool))
        merged = t.call("merge", t.call("nothing", 1, 2), low)
        t.equal(t.call("finish", merged), np.array([[0.5, 0.5]]), what="nothing, merged with scores of -1e4")
