"""How large a multilayer perceptron is."""


def count_parameters(sizes: tuple[int, ...]) -> int:
    """sizes: input, hidden layers, output. Returns: the number of weights and biases"""
    raise NotImplementedError("count_parameters")
