import math
from functools import partial

import numpy as np
from logistic_numpy import BCEWithLogitsLoss, softmax


def problem(rng, n=11, features=5, classes=4):
    """x (n, D), labels (n,) with every class among them, weight (K - 1, D), bias (K - 1,)."""
    labels = np.concatenate([np.arange(classes), rng.integers(0, classes, size=n - classes)])
    return (
        rng.normal(size=(n, features)),
        rng.permutation(labels),
        rng.normal(size=(classes - 1, features)),
        rng.normal(size=classes - 1),
    )


def probabilities(z):
    """The definition for one example: odds against class 0, then normalised."""
    odds = [1.0] + [math.exp(v) for v in z]
    return [o / math.fsum(odds) for o in odds]


def loss(x, labels, weight, bias):
    """The definition, example by example."""
    each = [-math.log(probabilities(weight @ row + bias)[label]) for row, label in zip(x, labels, strict=True)]
    return math.fsum(each) / len(each)


def check_probabilities(t):
    """Log-odds become log-probabilities"""
    for n, classes in [(7, 3), (3, 5), (1, 2)]:
        z = 2.0 * t.rng.normal(size=(n, classes - 1))
        got = t.call("class_log_probs", z)
        t.equal(
            got, np.log([probabilities(row) for row in z]), why="p_k / p_0 must be exp(z_k), and the p must sum to 1"
        )


def check_two_classes(t):
    """With two classes it is logistic regression"""
    x, labels, weight, bias = problem(t.rng, n=13, features=3, classes=2)
    got = t.call("reference_loss", x, labels, weight, bias)
    logits = x @ weight[0] + bias[0]
    t.equal(got, BCEWithLogitsLoss().forward(logits, labels.astype(float)), what="the loss for K = 2")


def check_large(t):
    """Log-odds of 1000 do not overflow"""
    z = np.array([[1000.0, 0.0], [-1000.0, -1000.0], [-1000.0, 1000.0], [999.0, 1000.0], [-2000.0, -1000.0]])
    soft = math.log1p(math.exp(-1.0))
    expected = [
        [-1000.0, 0.0, -1000.0],
        [0.0, -1000.0, -1000.0],
        [-1000.0, -2000.0, 0.0],
        [-1000.0 - soft, -1.0 - soft, -soft],
        [0.0, -2000.0, -1000.0],
    ]
    with np.errstate(all="ignore"):
        got = t.call("class_log_probs", z)
    t.equal(got, expected, why="the logarithm of a probability is finite, even where the probability rounds to 0")


def check_loss(t):
    """The loss is the mean of -log p[label]"""
    for n, features, classes in [(11, 5, 4), (7, 2, 3), (2, 1, 2)]:
        x, labels, weight, bias = problem(t.rng, n, features, classes)
        t.equal(t.call("reference_loss", x[:1], labels[:1], weight, bias), loss(x[:1], labels[:1], weight, bias))
        t.equal(t.call("reference_loss", x, labels, weight, bias), loss(x, labels, weight, bias))


def check_gradient(t):
    """The gradient agrees with central differences"""
    for n, features, classes in [(11, 5, 4), (7, 2, 3)]:
        x, labels, weight, bias = problem(t.rng, n, features, classes)
        got = t.call("reference_gradient", x, labels, weight, bias)
        t.require(
            isinstance(got, (tuple, list)) and len(got) == 2, "reference_gradient must return two arrays", got=got
        )
        for name, array, mine in [("weight", weight, got[0]), ("bias", bias, got[1])]:
            expected = t.numeric_gradient(partial(loss, x, labels, weight, bias), array)
            t.equal(mine, expected, rtol=1e-6, atol=1e-7, what=f"the gradient of {name}")
    got = t.call("reference_gradient", x, np.full(7, 1), weight, bias)
    expected = t.numeric_gradient(partial(loss, x, np.full(7, 1), weight, bias), weight)
    why = "a batch in which all labels are 1: class 0 still takes part in the sum"
    t.equal(got[0], expected, rtol=1e-6, atol=1e-7, what="the gradient of weight", why=why)


def check_no_loop(t):
    """No loop over examples or classes"""
    small, large = (problem(t.rng, n, 5, classes) for n, classes in [(7, 3), (61, 31)])
    t.no_loop("class_log_probs", (small[0][:, :2],), (large[0].repeat(6, axis=1),), over="examples or classes")
    for name in ("reference_loss", "reference_gradient"):
        t.no_loop(name, small, large, over="examples or classes")
    t.no_loop("from_softmax", small[2:], large[2:], over="classes")


def check_from_softmax(t):
    """A softmax regression turns into the same probabilities"""
    for features, classes in [(5, 4), (3, 7), (1, 3), (5, 2), (5, 1)]:
        weight, bias = t.rng.normal(size=(classes, features)), t.rng.normal(size=classes)
        got = t.call("from_softmax", weight, bias)
        t.require(isinstance(got, (tuple, list)) and len(got) == 2, "from_softmax must return two arrays", got=got)
        t.equal(np.shape(got[0]), (classes - 1, features), what="the shape of the weight")
        t.equal(np.shape(got[1]), (classes - 1,), what="the shape of the bias")
        x = t.rng.normal(size=(11, features))
        mine = [probabilities(np.asarray(got[0]) @ row + got[1]) for row in x]
        t.equal(mine, softmax(x @ weight.T + bias), what="the probabilities of the model that from_softmax returns")
