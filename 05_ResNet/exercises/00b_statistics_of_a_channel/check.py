import math


def check_statistics(t):
    """Mean and variance are those of all pixels of a channel"""
    for shape in [(3, 3, 3, 3), (2, 5, 3, 7), (1, 2, 1, 3), (2, 1, 5, 1)]:
        x = 2.0 * t.rng.normal(size=shape) + t.rng.normal(size=(shape[1], 1, 1))
        values = [x[:, c].ravel().tolist() for c in range(shape[1])]
        means = [math.fsum(v) / len(v) for v in values]
        variances = [math.fsum((a - m) ** 2 for a in v) / len(v) for v, m in zip(values, means, strict=True)]
        got = t.call("channel_statistics", x)
        t.require(
            isinstance(got, (tuple, list)) and len(got) == 2, "channel_statistics must return two arrays", got=got
        )
        t.equal(got[0], means, what="the mean", why=f"each channel has {len(values[0])} values here")
        t.equal(got[1], variances, what="the variance", why=f"each channel has {len(values[0])} values here")
