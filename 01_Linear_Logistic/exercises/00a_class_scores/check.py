import numpy as np


def check_scores(t):
    """Every example has a score for every class"""
    for n, features, classes in [(3, 3, 3), (7, 5, 3), (1, 2, 5), (5, 1, 3), (3, 5, 1)]:
        x, weight = t.rng.normal(size=(n, features)), t.rng.normal(size=(classes, features))
        bias = t.rng.normal(size=classes)
        expected = np.zeros((n, classes))
        for i, k in np.ndindex(n, classes):
            expected[i, k] = sum(x[i] * weight[k]) + bias[k]
        t.equal(
            t.call("class_scores", x, weight, bias), expected, why="entry [i, k] is the score of example i for class k"
        )


def check_no_loop(t):
    """It is one product of matrices"""
    small, large = (
        (t.rng.normal(size=(n, 5)), t.rng.normal(size=(k, 5)), t.rng.normal(size=k)) for n, k in [(2, 3), (61, 53)]
    )
    t.no_loop("class_scores", small, large, over="examples or classes")
