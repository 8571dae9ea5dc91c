import math

import numpy as np
from linear_numpy import Linear


def probabilities(row):
    """The definition, for one example."""
    top = max(row)
    odds = [math.exp(v - top) for v in row]
    return [o / math.fsum(odds) for o in odds]


def classifier(rng, features, classes):
    """A linear layer with weights of a size at which the classes differ."""
    model = Linear(features, classes, rng=rng)
    model.params["weight"][...] = rng.normal(size=(classes, features))
    model.params["bias"][...] = rng.normal(size=classes)
    return model


def loss(logits, targets):
    each = [-math.log(probabilities(row)[k]) for row, k in zip(logits, targets, strict=True)]
    return math.fsum(each) / len(each)


def blobs(rng, n, classes=3):
    """Points around the corners of a triangle, not equally many of each class."""
    targets = rng.choice(classes, size=n, p=[0.6, 0.3, 0.1])
    centres = np.array([[2.0, 0.0], [-1.0, 1.7], [-1.0, -1.7]])
    return centres[targets] + rng.normal(size=(n, 2)), targets


def check_company(t):
    """The probabilities of an example do not depend on its company"""
    model = classifier(t.rng, 5, 3)
    x = t.rng.normal(size=(7, 5))
    for rows in (slice(0, 7), slice(2, 5), slice(3, 4)):  # 7 examples, then 3 of them (as many as classes), then 1
        got = t.call("predict_proba", model, x[rows])
        expected = [probabilities(row) for row in x[rows] @ model.params["weight"].T + model.params["bias"]]
        t.equal(got, expected, why="every row must sum to 1, and an example alone must get what it gets among others")


def check_large(t):
    """Logits of 1000 do not overflow"""
    model = classifier(t.rng, 2, 3)
    model.params["weight"][...] *= 1000.0
    x = t.rng.normal(size=(5, 2))
    with np.errstate(all="ignore"):
        got = t.call("predict_proba", model, x)
    t.equal(got, [probabilities(row) for row in x @ model.params["weight"].T + model.params["bias"]])
    logits = np.array([[1000.0, 0.0, -1000.0], [0.0, 0.0, 1000.0]])
    with np.errstate(all="ignore"):
        got = t.call("log_softmax", logits)
    exact = logits - 1000.0  # one class takes everything: the logarithm of its probability is 0 to the last digit
    why = "the logarithm of a probability is finite, even where the probability rounds to 0; nothing needs to be added"
    t.equal(got, exact, atol=1e-15, what="the log-probabilities of certain classes", why=why)
    criterion = t.call("CrossEntropyLoss")
    with np.errstate(all="ignore"):
        t.equal(
            t.call(criterion.forward, logits, np.array([2, 0])), 1500.0, what="the loss of certain mistakes", why=why
        )


def check_one_class(t):
    """One class alone is certain, and logits may be whole numbers"""
    t.equal(
        t.call("log_softmax", t.rng.normal(size=(5, 1))), np.zeros((5, 1)), what="the log-probabilities of one class"
    )
    logits = t.rng.integers(-3, 4, size=(7, 3))
    t.equal(np.exp(t.call("log_softmax", logits)), [probabilities(row) for row in logits], what="the probabilities")


def check_loss(t):
    """The loss is the mean of -log p[target]"""
    for n, classes in [(7, 3), (3, 5), (5, 5)]:
        logits, targets = 2.0 * t.rng.normal(size=(n, classes)), t.rng.integers(0, classes, size=n)
        criterion = t.call("CrossEntropyLoss")
        got = t.call(criterion.forward, logits, targets)
        t.equal(got, loss(logits, targets), what=f"the loss of {n} examples, {classes} classes")


def check_gradient(t):
    """The gradient of the loss agrees with central differences"""
    for n, classes in [(7, 3), (3, 5), (5, 5)]:
        logits, targets = 2.0 * t.rng.normal(size=(n, classes)), t.rng.integers(0, classes, size=n)
        criterion = t.call("CrossEntropyLoss")
        t.call(criterion.forward, logits, targets)
        got = t.call(criterion.backward, 0.7)
        expected = t.numeric_gradient(lambda z=logits, k=targets: loss(z, k), logits, 0.7)
        t.equal(got, expected, rtol=1e-6, atol=1e-7, what="dL/dlogits")


def check_training(t):
    """A trained model classifies, whatever the batch it is asked in"""
    x, targets = blobs(t.rng, 211)
    model = Linear(2, 3, rng=t.rng)
    losses = t.call("train", model, x, targets, lr=0.5, batch_size=17, steps=200, rng=t.rng, mutates=True)
    t.require(len(losses) == 200, "train must return the loss of every step", got=len(losses))
    t.between(np.mean(losses[-50:]), 0.1, 0.35, what="the mean loss of the last 50 steps")
    together = t.call("accuracy", model, x, targets)
    alone = np.mean([t.call("accuracy", model, x[i : i + 1], targets[i : i + 1]) for i in range(0, 211, 3)])
    t.between(together, 0.85, 1.0, what="accuracy of all examples at once")
    t.between(alone, 0.85, 1.0, what="accuracy of examples one at a time")
