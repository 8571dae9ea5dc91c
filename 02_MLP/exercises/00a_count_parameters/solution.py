"""How large a multilayer perceptron is."""


def count_parameters(sizes: tuple[int, ...]) -> int:
    """sizes: input, hidden layers, output. Returns: the number of weights and biases"""
    return sum((sizes[i - 1] + 1) * sizes[i] for i in range(1, len(sizes)))  # + 1: the bias
