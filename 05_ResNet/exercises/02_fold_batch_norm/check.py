import numpy as np
from batchnorm_numpy import BatchNorm2d
from conv_numpy import Conv2d


def problem(rng, out, channels, k):
    """A convolution's weight, and scale, shift, mean and variance of the normalisation behind it."""
    weight = rng.normal(size=(out, channels, k, k))
    return weight, rng.normal(size=out) + 0.3, rng.normal(size=out), rng.normal(size=out), rng.uniform(0.1, 2.0, out)


def both_ways(t, rng, sizes, var=None, eps=1e-5, **options):
    """What the two layers give, and what the folded convolution gives."""
    out, channels, k = sizes
    weight, scale, shift, mean, drawn = problem(rng, out, channels, k)
    var = drawn if var is None else np.full(out, var)
    conv = Conv2d(channels, out, k, bias=False, rng=rng, **options)
    conv.params["weight"][...] = weight
    norm = BatchNorm2d(out, eps=eps)
    for name, value in (("weight", scale), ("bias", shift)):
        norm.params[name][...] = value
    for name, value in (("running_mean", mean), ("running_var", var)):
        norm.buffers[name][...] = value
    x = rng.normal(size=(2, channels, 7, 11))
    got = t.call("fold", weight, scale, shift, mean, var, eps=eps)
    t.require(isinstance(got, (tuple, list)) and len(got) == 2, "fold must return a weight and a bias", got=got)
    one = Conv2d(channels, out, k, rng=rng, **options)
    t.equal(np.shape(got[0]), weight.shape, what="the shape of the folded weight")
    t.equal(np.shape(got[1]), (out,), what="the shape of the folded bias")
    one.params["weight"][...], one.params["bias"][...] = got
    return one.forward(x), norm.forward(conv.forward(x), False)


def check_outputs(t):
    """One convolution gives what the two layers gave"""
    for sizes in ((5, 3, 3), (3, 3, 1), (2, 7, 5), (1, 1, 3)):
        got, expected = both_ways(t, t.rng, sizes)
        t.equal(
            got, expected, rtol=1e-9, atol=1e-11, what=f"the output with weight (O, C, k, k) = {(*sizes, sizes[-1])}"
        )


def check_stride_and_padding(t):
    """Strides and padding change nothing"""
    got, expected = both_ways(t, t.rng, (5, 3, 3), stride=2, padding=1)
    t.equal(got, expected, rtol=1e-9, atol=1e-11, what="the output with stride 2 and padding 1")


def check_variances(t):
    """Large and tiny variances, of which eps is most"""
    for var in (1e4, 1e-6, 0.0):
        got, expected = both_ways(t, t.rng, (5, 3, 3), var=var)
        t.equal(got, expected, rtol=1e-9, atol=1e-9, what=f"the output with a running variance of {var:g}")


def check_eps(t):
    """The eps of the normalisation is used, whichever it is"""
    for eps in (1e-3, 0.1):
        got, expected = both_ways(t, t.rng, (5, 3, 3), eps=eps)
        t.equal(got, expected, what=f"the output with eps = {eps:g}", why="some layers were trained with another eps")


def check_dtype(t):
    """float32 gives float32 back"""
    t.keeps_dtype("fold", *problem(t.rng, 5, 3, 3))
