"""The gradients of weight and bias are means over the batch. Each example adds its part: they are sums, and whatever
average the loss takes is already inside dy."""

CHANGES = [
    ("(dy * x_hat).sum(axis=0)", "(dy * x_hat).mean(axis=0)"),
    ("dbias = dy.sum(axis=0)", "dbias = dy.mean(axis=0)"),
    ("dbias / len(dy) - x_hat * dweight / len(dy)", "dbias - x_hat * dweight"),
]
