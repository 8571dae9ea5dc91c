import numpy as np
from activations_numpy import GELU, ReLU, SiLU, Tanh
from mlp_numpy import glorot_normal, glorot_uniform, he_normal, he_uniform, standard_uniform

LAYERS = [(he_normal, 149, 71), (standard_uniform, 71, 149), (glorot_uniform, 97, 101)]


def growing():
    """Not random: every unit passes on one input, times 2 in the first weight that is drawn, 3 in the second, ..."""
    factors = iter(range(2, 100))

    def growing_identity(shape, *, rng):
        return next(factors) * np.eye(*shape)

    return growing_identity


def narrowing():
    """Not random: the first weight has its column 0 full of ones, the second a single one."""
    rows = iter((slice(None), slice(1)))

    def one_column(shape, *, rng):
        weight = np.zeros(shape)
        weight[next(rows), 0] = 1.0
        return weight

    return one_column


def variance(init, fan_in, fan_out):
    """The variance that the rule states."""
    return {
        "he_normal": 2.0 / fan_in,
        "he_uniform": 2.0 / fan_in,
        "glorot_normal": 2.0 / (fan_in + fan_out),
        "glorot_uniform": 2.0 / (fan_in + fan_out),
        "standard_uniform": 1.0 / (3.0 * fan_in),
    }[init.__name__]


def check_exact(t):
    """mean_squares: weights that are no draw give exact ratios"""
    got = t.call("mean_squares", growing(), 47, 5, t.rng)
    t.require(np.shape(got) == (6,), "mean_squares should return depth + 1 numbers", expected="(6,)", got=got)
    t.between(got[0], 0.9, 1.1, what="the mean square of the input")
    t.between(got[1], 1.6, 2.4, what="the mean square after the first layer")
    why = "Here W is 2 I in the first layer, 3 I in the second, ...: a weight of its own for each layer."
    t.equal(got[2:] / got[1:-1], np.array([9.0, 16.0, 25.0, 36.0]), what="the ratios of the later layers", why=why)
    got = t.call("mean_squares", narrowing(), 53, 2, t.rng)
    why = "Here the first weight hands input 0 to all 53 units, and the second passes on unit 0 alone."
    t.equal(got[2] / got[1], 1.0 / 53.0, what="the ratio of the second layer to the first", why=why)


def check_depth(t):
    """mean_squares: ten layers under each rule"""
    for init in (he_uniform, glorot_normal, standard_uniform):
        ratios = []
        for _ in range(8):
            got = t.call("mean_squares", init, 101, 10, t.rng)
            ratios.append(got[-1] / got[0])
        factor = np.exp(np.log(ratios).mean() / 10)
        expected = 101 * variance(init, 101, 101) / 2.0
        what = f"{init.__name__}: the factor of one layer, the tenth root of the factor of ten"
        t.between(factor, 0.93 * expected, 1.07 * expected, what=what)


def check_forward_factor(t):
    """forward_factor: one layer, from many to few units and back"""
    for init, fan_in, fan_out in LAYERS:
        got = t.call("forward_factor", init, fan_in, fan_out, t.rng)
        expected = fan_in * variance(init, fan_in, fan_out) / 2.0
        t.between(got, 0.95 * expected, 1.05 * expected, what=f"the forward factor of {init.__name__}")


def check_backward_factor(t):
    """backward_factor: one layer, from many to few units and back"""
    for init, fan_in, fan_out in LAYERS:
        got = t.call("backward_factor", init, fan_in, fan_out, t.rng)
        expected = fan_out * variance(init, fan_in, fan_out) / 2.0
        t.between(got, 0.95 * expected, 1.05 * expected, what=f"the backward factor of {init.__name__}")


def check_gain(t):
    """gain: what each activation takes away"""
    nodes, weights = np.polynomial.hermite_e.hermegauss(120)  # means over a standard normal
    for f in (ReLU(), Tanh(), GELU(), SiLU()):
        got = t.call("gain", f.forward, t.rng)
        expected = ((weights * f.forward(nodes) ** 2).sum() / weights.sum()) ** -0.5
        t.between(got, 0.985 * expected, 1.015 * expected, what=f"the gain of {type(f).__name__}", match=0.01)
