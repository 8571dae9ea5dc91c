import math
import warnings

import numpy as np
import torch

DTYPES = (torch.float32, torch.float64)


def start(t, dtype, in_features=5, classes=3):
    seed = int(t.rng.integers(2**31))
    generator = torch.Generator().manual_seed(seed)
    return t.call("init_softmax", in_features, classes, generator=generator, dtype=dtype)


def data(t, dtype, n=11, in_features=5, classes=3):
    x = t.rng.normal(size=(n, in_features)).astype(np.float32)
    targets = t.rng.integers(0, classes, size=n)
    return torch.tensor(x, dtype=dtype), torch.tensor(targets), x.astype(np.float64), targets


def gradients(weight, bias, x, targets):
    """The gradient of softmax regression by its formula, in NumPy and double precision."""
    z = x @ weight.T + bias
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    dz = (p - np.eye(len(bias))[targets]) / len(x)
    return dz.T @ x, dz.sum(axis=0)


def backward(params, x, targets):
    """The loss by torch's own function; what arrives in the parameters is the learner's matter."""
    z = x @ params["linear.weight"].T + params["linear.bias"]
    torch.nn.functional.cross_entropy(z, targets).backward()


def gradient_of(param):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch says when .grad is read of a tensor that cannot have one
        return param.grad


def check_start(t):
    """Both precisions start from the same Xavier numbers"""
    for in_features, classes in [(101, 53), (5, 3)]:
        seed = int(t.rng.integers(2**31))
        values = []
        for dtype in DTYPES:
            generator = torch.Generator().manual_seed(seed)
            params = t.call("init_softmax", in_features, classes, generator=generator, dtype=dtype)
            weight, bias = params["linear.weight"], params["linear.bias"]
            t.require(
                weight.dtype == bias.dtype == dtype, f"a parameter is not {dtype}", got=f"{weight.dtype}, {bias.dtype}"
            )
            t.equal(tuple(weight.shape), (classes, in_features), what="the shape of the weight")
            t.equal(bias, np.zeros(classes), what="the bias")
            values.append(weight.detach().double())
        t.equal(
            values[1],
            values[0],
            what="the weight in double precision",
            why="it must hold the numbers of single precision",
        )
        if weight.numel() > 1000:
            variance = 2.0 / (in_features + classes)
            t.between(values[0].var(), 0.93 * variance, 1.07 * variance, what="the variance of the weight")
            t.between(values[0].abs().max(), 0.0, math.sqrt(3.0 * variance) + 1e-6, what="the largest weight")


def check_gradients(t):
    """After backward, every parameter has its gradient"""
    for dtype, rtol in zip(DTYPES, (1e-4, 1e-9), strict=True):
        params = start(t, dtype)
        x, targets, x_numpy, targets_numpy = data(t, dtype)
        expected = gradients(*(p.detach().double().numpy() for p in params.values()), x_numpy, targets_numpy)
        t.require(all(p.requires_grad for p in params.values()), f"a parameter asks for no gradient, in {dtype}")
        backward(params, x, targets)
        for (name, param), right in zip(params.items(), expected, strict=True):
            grad = gradient_of(param)
            t.require(
                grad is not None,
                f"{name} has no gradient after backward, in {dtype}",
                expected="a tensor in .grad",
                got="None",
            )
            if grad is not None:
                t.equal(grad, right, rtol=rtol, atol=0.1 * rtol, what=f"the gradient of {name} in {dtype}")


def check_training(t):
    """Both precisions train as NumPy does"""
    for dtype, rtol in zip(DTYPES, (1e-4, 1e-9), strict=True):
        params = start(t, dtype)
        x, targets, x_numpy, targets_numpy = data(t, dtype)
        given = {name: (param, param.data_ptr()) for name, param in params.items()}
        weight, bias = (p.detach().double().numpy().copy() for p in params.values())
        for _ in range(7):
            dweight, dbias = gradients(weight, bias, x_numpy, targets_numpy)
            weight, bias = weight - 0.5 * dweight, bias - 0.5 * dbias
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            losses = t.call("train", params, x, targets, lr=0.5, steps=7, mutates=True)
        t.equal(len(losses), 7, what="the number of losses")
        for name, (param, memory) in given.items():
            same = params[name] is param and param.data_ptr() == memory
            why = "The update is in place: whoever else holds the parameter must see it move."
            t.require(same, f"{name} is another tensor after training, in {dtype}", why=why)
        t.equal(params["linear.weight"], weight, rtol=rtol, atol=rtol, what=f"the weight after 7 steps in {dtype}")
        t.equal(params["linear.bias"], bias, rtol=rtol, atol=rtol, what=f"the bias after 7 steps in {dtype}")


def check_leaves(t):
    """A parameter is not the result of an operation"""
    for dtype in DTYPES:
        for name, param in start(t, dtype).items():
            why = "a result drags its history along: it cannot be copied, and its origin collects gradients without end"
            t.require(
                param.is_leaf and param.grad_fn is None,
                f"{name} is the result of an operation, in {dtype}",
                expected="grad_fn None",
                got=f"grad_fn {type(param.grad_fn).__name__}",
                why=why,
            )


def check_refusal(t):
    """step refuses a parameter without a gradient, by name"""
    for left_out in ("linear.weight", "linear.bias"):
        params = {
            "linear.weight": torch.ones(3, 5, dtype=torch.float64, requires_grad=True),
            "linear.bias": torch.ones(3, dtype=torch.float64, requires_grad=True),
        }
        for name, param in params.items():
            param.grad = None if name == left_out else torch.ones_like(param)
        optimizer = t.call("GradientDescent", params, 0.1)
        t.raises(optimizer.step, error=RuntimeError, says=left_out)
