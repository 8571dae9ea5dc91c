import numpy as np

SHAPES = [(7,), (5, 3), (2, 3, 7), (3, 1)]  # one row, a table, more leading axes, a single score


def softmax(x, temperature=1.0):
    e = np.exp((x - x.max(axis=-1, keepdims=True)) / temperature)
    return e / e.sum(axis=-1, keepdims=True)


def with_sink(x, sink):
    """The definition: one score more, whose probability is left out."""
    whole = np.concatenate([x, np.full((*x.shape[:-1], 1), sink)], axis=-1)
    p = softmax(whole)
    return p[..., :-1], p[..., -1:]


def two(t, got, name):
    t.require(isinstance(got, (tuple, list)) and len(got) == 2, f"{name} must return two gradients", got=got)
    return got


def check_jacobian(t):
    """The Jacobian agrees with central differences"""
    for m in (3, 7, 1):
        x = t.rng.normal(size=m)
        rows = [t.numeric_gradient(lambda: softmax(x), x, row, smooth=True) for row in np.eye(m)]  # noqa: B023
        t.equal(t.call("jacobian", softmax(x)), np.stack(rows), atol=1e-10)


def check_log_softmax(t):
    """The gradient through log-softmax agrees with central differences"""
    for shape in SHAPES:
        x, dy = t.rng.normal(size=shape), t.rng.normal(size=shape)
        expected = t.numeric_gradient(lambda: np.log(softmax(x)), x, dy, smooth=True)  # noqa: B023
        log_p = np.log(softmax(x))
        dx = t.call("log_softmax_backward", dy, log_p)
        t.equal(dx, expected, atol=1e-10)
        t.own_memory(dx, dy, log_p)


def check_log_softmax_of_large_scores(t):
    """A score of 1e4 gives finite gradients"""
    x = np.array([[1e4, 0.0, -1e4], [3.0, 1e4, 1e4]])
    dy = t.rng.normal(size=x.shape)
    p = softmax(x)
    log_p = x - x.max(axis=1, keepdims=True) - np.log([[1.0], [2.0]])
    t.equal(t.call("log_softmax_backward", dy, log_p), dy - p * dy.sum(axis=1, keepdims=True), rtol=1e-9, atol=1e-9)


def check_temperature_input(t):
    """With a temperature, the gradient of the scores agrees with central differences"""
    for shape, temperature in zip(SHAPES, (0.7, 3.1, 1.9, 1.3), strict=True):
        x, dp = t.rng.normal(size=shape), t.rng.normal(size=shape)
        got = two(
            t, t.call("temperature_backward", dp, softmax(x, temperature), x, temperature), "temperature_backward"
        )
        expected = t.numeric_gradient(lambda: softmax(x, temperature), x, dp, smooth=True)  # noqa: B023
        t.equal(got[0], expected, atol=1e-10, what="dx")


def check_temperature(t):
    """The gradient of the temperature agrees with central differences"""
    for shape, value in zip(SHAPES, (0.7, 3.1, 1.9, 1.3), strict=True):
        x, dp, temperature = t.rng.normal(size=shape), t.rng.normal(size=shape), np.array(value)
        got = two(t, t.call("temperature_backward", dp, softmax(x, value), x, value), "temperature_backward")
        expected = t.numeric_gradient(lambda: softmax(x, temperature), temperature, dp, smooth=True)  # noqa: B023
        t.equal(got[1], expected, atol=1e-10, what="dtemperature")


def check_sink_input(t):
    """With a sink, the gradient of the scores agrees with central differences"""
    for shape in SHAPES:
        x, dp = t.rng.normal(size=shape), t.rng.normal(size=shape)
        got = two(t, t.call("sink_backward", dp, *with_sink(x, 0.8)), "sink_backward")
        expected = t.numeric_gradient(lambda: with_sink(x, 0.8)[0], x, dp, smooth=True)  # noqa: B023
        t.equal(got[0], expected, atol=1e-10, what="dx")


def check_sink(t):
    """The gradient of the sink agrees with central differences"""
    for shape in SHAPES:
        x, dp, sink = t.rng.normal(size=shape), t.rng.normal(size=shape), np.array(0.8)
        got = two(t, t.call("sink_backward", dp, *with_sink(x, 0.8)), "sink_backward")
        expected = t.numeric_gradient(lambda: with_sink(x, float(sink))[0], sink, dp, smooth=True)  # noqa: B023
        t.equal(got[1], expected, atol=1e-10, what="dsink")


def check_memory(t):
    """No matrix of m x m is built"""
    m = 600
    x, dp = t.rng.normal(size=(1, m)), t.rng.normal(size=(1, m))
    p, sink_p = with_sink(x, 0.8)
    for name, args in (
        ("log_softmax_backward", (dp, np.log(softmax(x)))),
        ("temperature_backward", (dp, softmax(x), x, 1.0)),
        ("sink_backward", (dp, p, sink_p)),
    ):
        t.memory(
            name, *args, at_most=0.25 * m * m * 8, why=f"a row has {m} scores, and a matrix of {m} x {m} takes 2.88 MB"
        )


def arguments(rng, shape):
    """Of each function that takes rows: what it is called with."""
    x, dp = rng.normal(size=shape), rng.normal(size=shape)
    return {
        "log_softmax_backward": (dp, np.log(softmax(x))),
        "temperature_backward": (dp, softmax(x, 0.7), x, 0.7),
        "sink_backward": (dp, *with_sink(x, 0.8)),
    }


def check_no_loop(t):
    """No loops"""
    t.no_loop("jacobian", (np.full(2, 0.5),), (np.full(61, 1 / 61),), over="the scores")
    few, many = arguments(t.rng, (2, 2)), arguments(t.rng, (41, 37))
    for name in few:
        t.no_loop(name, few[name], many[name], over="rows or scores")


def check_dtype(t):
    """float32 gives float32 back"""
    t.keeps_dtype("jacobian", np.array([0.2, 0.3, 0.5]))
    for name, given in arguments(t.rng, (5, 3)).items():
        t.keeps_dtype(name, *given)
