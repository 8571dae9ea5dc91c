import math

import numpy as np


def check_loss(t):
    """Every pixel adds what it costs, times its weight"""
    for shape in [(2, 3, 5), (1, 7, 2), (1, 1, 1)]:
        p, weights = t.rng.uniform(0.05, 1.0, shape), t.rng.uniform(0.5, 10.0, shape)
        total = math.fsum(-w * math.log(q) for q, w in zip(p.ravel(), weights.ravel(), strict=True))
        got = t.call("weighted_loss", p, weights)
        t.equal(got, total / p.size, what=f"the loss of {shape[0]} x {shape[1]} x {shape[2]} pixels")
        t.require(isinstance(got, float), "the loss is a float", got=repr(type(got)))


def check_two_pixels(t):
    """Two pixels by hand, and pixels that do not count"""
    p = np.array([[[0.5, 1.0]]])
    t.equal(t.call("weighted_loss", p, np.array([[[10.0, 1.0]]])), 5.0 * math.log(2.0), what="the loss of two pixels")
    t.equal(t.call("weighted_loss", p, np.array([[[0.0, 3.0]]])), 0.0, what="the loss where only a sure pixel counts")
