import numpy as np


def check_count(t):
    """Weights and biases of all layers are counted"""
    for sizes in [(3, 2, 1), (5, 3), (784, 300, 10), (7, 11, 5, 3)]:
        arrays = []
        for i in range(len(sizes) - 1):
            arrays += [np.zeros((sizes[i + 1], sizes[i])), np.zeros(sizes[i + 1])]
        got = t.call("count_parameters", sizes)
        t.equal(got, sum(a.size for a in arrays), why=f"a layer of {sizes} has a weight of {arrays[0].shape}")
