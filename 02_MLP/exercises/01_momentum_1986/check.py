import numpy as np
from optimizers_numpy import SGD

SHAPES = {"weight": (5, 3), "bias": (7,)}


def draw(rng):
    return {name: rng.normal(size=shape) for name, shape in SHAPES.items()}


def equation_9(start, gradients, rates, alpha):
    """A single weight, in plain numbers. Returns: the weight and its change after each step."""
    weight, change, path = start, 0.0, []
    for gradient, rate in zip(gradients, rates, strict=True):
        change = -rate * gradient + alpha * change
        weight = weight + change
        path.append((weight, change))
    return path


def follow(t, rates, alpha, state=False):
    """The learner's optimizer beside equation 9, with a learning rate for each step."""
    start = draw(t.rng)
    gradients = [draw(t.rng) for _ in rates]
    params = {name: p.copy() for name, p in start.items()}
    optimizer = t.get("Momentum1986")(params, lr=rates[0], alpha=alpha)
    for step, (rate, grads) in enumerate(zip(rates, gradients, strict=True)):
        optimizer.lr = rate
        t.call(optimizer.step, grads)
        for name, shape in SHAPES.items():
            expected = np.empty((2, *shape))
            for index in np.ndindex(*shape):
                path = equation_9(start[name][index], [g[name][index] for g in gradients], rates, alpha)
                expected[(0, *index)], expected[(1, *index)] = path[step]
            if not state:
                t.equal(params[name], expected[0], what=f"{name} after step {step + 1}")
                continue
            t.equal(optimizer.state["change"][name], expected[1], what=f"the change of {name} at step {step + 1}")


def check_one_rate(t):
    """With one learning rate it follows equation 9"""
    follow(t, [0.05] * 5, alpha=0.9)


def check_schedule(t):
    """It follows equation 9 when the learning rate changes"""
    follow(t, [0.05, 0.05, 0.05, 0.02, 0.02, 0.1], alpha=0.8)


def check_state(t):
    """The state holds the last change"""
    follow(t, [0.05, 0.05, 0.02], alpha=0.7, state=True)


def check_in_place(t):
    """Parameters and state are changed in place"""
    params, grads = draw(t.rng), draw(t.rng)
    optimizer = t.get("Momentum1986")(params, lr=0.05, alpha=0.9)
    given, held = dict(params), dict(optimizer.state["change"])
    t.call(optimizer.step, grads)
    why = "Whoever holds the old array, a model or a checkpoint, would not see the change."
    for name in SHAPES:
        t.require(optimizer.params[name] is given[name], f"params[{name!r}] is another array after a step", why=why)
        same = optimizer.state["change"][name] is held[name]
        t.require(same, f'state["change"][{name!r}] is another array after a step', why=why)
        t.require(np.any(held[name]), f'state["change"][{name!r}] is still zero after a step')


def check_no_loop(t):
    """No loop over the weights"""
    updates, carried = [], []
    for n in (2, 97):
        w, g = t.rng.normal(size=(n, 3)), t.rng.normal(size=(n, 3))
        optimizer = t.get("Momentum1986")({"weight": w}, lr=0.05, alpha=0.9)
        updates.append((optimizer, "weight", w, g))
        carried.append((g, 0.05, 0.02))
    t.no_loop(t.get("Momentum1986").update, *updates, over="the weights")
    t.no_loop("carry_over", *carried, over="the weights")


def check_amplification(t):
    """How much equal gradients add up"""
    for alpha, steps in [(0.9, 1), (0.9, 2), (0.9, 13), (0.5, 3), (0.0, 5), (0.99, 2000)]:
        got = t.call("amplification", alpha, steps)
        path = equation_9(0.0, [2.0] * steps, [0.1] * steps, alpha)
        t.equal(got, path[-1][1] / -0.2, rtol=1e-8)


def check_carry_over(t):
    """The chapter's SGD, continued as equation 9 would"""
    buffer = t.rng.normal(size=(5, 3))
    for rate in (0.05, 0.02):  # the first: nothing changes, and the result is a new array all the same
        t.own_memory(t.call("carry_over", buffer, 0.05, rate), buffer)
    start, alpha = draw(t.rng), 0.9
    rates = [0.05] * 3 + [0.02] * 3 + [0.08] * 2
    gradients = [draw(t.rng) for _ in rates]
    params = {name: p.copy() for name, p in start.items()}
    optimizer = SGD(params, lr=rates[0], momentum=alpha)
    for step, (rate, grads) in enumerate(zip(rates, gradients, strict=True)):
        if rate != optimizer.lr:
            for buffer in optimizer.state["momentum_buffer"].values():
                buffer[...] = t.call("carry_over", buffer.copy(), optimizer.lr, rate)
            optimizer.lr = rate
        optimizer.step(grads)
        for name, shape in SHAPES.items():
            expected = np.empty(shape)
            for index in np.ndindex(*shape):
                expected[index] = equation_9(start[name][index], [g[name][index] for g in gradients], rates, alpha)[
                    step
                ][0]
            t.equal(params[name], expected, what=f"{name} after step {step + 1}, with SGD continued")
