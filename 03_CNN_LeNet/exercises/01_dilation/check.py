import numpy as np
from conv_numpy import Conv2d

CASES = [  # H, W, k, stride, padding, dilation
    (7, 11, 3, 1, 0, 1),
    (11, 7, 3, 2, 0, 1),
    (11, 7, 3, 1, 0, 2),
    (11, 13, 2, 2, 0, 3),
    (7, 11, 3, 2, 3, 2),
    (11, 13, 3, 3, 2, 2),
    (1, 1, 1, 1, 0, 1),
]


def case(t, H, W, k):
    """x (2, 3, H, W), weight (5, 3, k, k), bias (5,); of a single pixel, one image with one map"""
    B, C, out = (2, 3, 5) if H > 1 else (1, 1, 1)
    return t.rng.normal(size=(B, C, H, W)), t.rng.normal(size=(out, C, k, k)), t.rng.normal(size=out)


def positions(size, k, stride, padding, dilation):
    """Counted: every place at which the last tap still lies in the padded image."""
    return [n for n in range(0, 99, stride) if n + dilation * (k - 1) < size + 2 * padding]


def convolution(x, weight, bias, stride, padding, dilation):
    """The formula in plain loops, pixels outside the image left out."""
    B, _, H, W = x.shape
    out, _, k, _ = weight.shape
    rows, columns = (positions(size, k, stride, padding, dilation) for size in (H, W))
    y = np.empty((B, out, len(rows), len(columns)))
    for p, top in enumerate(rows):
        for q, left in enumerate(columns):
            total = np.tile(bias, (B, 1))
            for i in range(k):
                for j in range(k):
                    row, column = top + dilation * i - padding, left + dilation * j - padding
                    if 0 <= row < H and 0 <= column < W:
                        total = total + x[:, :, row, column] @ weight[:, :, i, j].T
            y[:, :, p, q] = total
    return y


def check_size(t):
    """The output has a value for every position of the kernel"""
    for H, W, k, stride, padding, dilation in CASES:
        for size in (H, W):
            got = t.call("output_size", size, k, stride, padding, dilation)
            t.equal(got, len(positions(size, k, stride, padding, dilation)))


def check_forward(t):
    """The forward pass agrees with the formula"""
    for H, W, k, stride, padding, dilation in CASES:
        x, weight, bias = case(t, H, W, k)
        got = t.call("dilated_conv2d", x, weight, bias, stride=stride, padding=padding, dilation=dilation)
        t.equal(got, convolution(x, weight, bias, stride, padding, dilation), what="y")


def check_backward(t):
    """The gradients are those of the same convolution with zeros in the holes"""
    for H, W, k, stride, padding, dilation in CASES:
        x, weight, _ = case(t, H, W, k)
        layer = Conv2d(x.shape[1], len(weight), dilation * (k - 1) + 1, stride=stride, padding=padding, rng=t.rng)
        layer.weight[...] = 0.0
        layer.weight[:, :, ::dilation, ::dilation] = weight
        dy = t.rng.normal(size=layer.forward(x).shape)
        dx = layer.backward(dy)
        kwargs = {"stride": stride, "padding": padding, "dilation": dilation}
        got = t.call("dilated_conv2d_backward", dy, x, weight, **kwargs)
        ok = isinstance(got, (tuple, list)) and len(got) == 3
        t.require(ok, "dilated_conv2d_backward must return three arrays", got=got)
        t.equal(got[0], dx, what="dx")
        t.equal(got[1], layer.grads["weight"][:, :, ::dilation, ::dilation], what="dweight")
        t.equal(got[2], layer.grads["bias"], what="dbias")


def check_no_loop(t):
    """No loop over images or pixels"""
    few, many = ((t.rng.normal(size=(n, 3, side, side)), *case(t, 7, 7, 3)[1:]) for n, side in ((2, 5), (151, 9)))
    t.no_loop("dilated_conv2d", few, many, over="images or pixels")
    back = [(t.rng.normal(size=(len(x), 5, x.shape[2] - 2, x.shape[3] - 2)), x, weight) for x, weight, _ in (few, many)]
    t.no_loop("dilated_conv2d_backward", *back, over="images or pixels")


def check_dtype(t):
    """float32 gives float32 back"""
    x, weight, bias = case(t, 7, 11, 3)
    y = t.keeps_dtype("dilated_conv2d", x, weight, bias, stride=2)
    t.keeps_dtype("dilated_conv2d_backward", y.astype(float), x, weight, stride=2)
