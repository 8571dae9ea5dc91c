import numpy as np

MEAN, STD = np.array([3.0, -1.0, 0.5]), np.array([2.0, 0.5, 1.0])


def batches(rng, count, n=17):
    return [rng.normal(size=(n, 3)) * STD + MEAN for _ in range(count)]


def trained(t, seen):
    layer = t.call("BatchNorm", 3)
    for x in seen:
        t.call(layer.forward, x, True)
    return layer


def check_training_mode(t):
    """A batch in training has mean 0 and variance 1"""
    layer = t.call("BatchNorm", 3)
    y = t.call(layer.forward, batches(t.rng, 1)[0], True)
    t.equal(np.mean(y, axis=0), np.zeros(3), atol=1e-10, what="the mean")
    t.equal(np.var(y, axis=0), np.ones(3), rtol=1e-3, what="the variance")


def check_running_statistics(t):
    """After each batch the running statistics are those of torch's rule"""
    seen, layer = batches(t.rng, 7, n=5), t.call("BatchNorm", 3)
    mean, var = np.zeros(3), np.ones(3)
    for i, x in enumerate(seen, start=1):
        t.call(layer.forward, x, True)
        mean, var = mean + 0.1 * (x.mean(axis=0) - mean), var + 0.1 * (x.var(axis=0, ddof=1) - var)
        t.equal(layer.running_mean, mean, what=f"the running mean after {i} batches")
        t.equal(layer.running_var, var, what=f"the running variance after {i} batches")


def check_other_momentum(t):
    """momentum is the share of the new batch"""
    x, layer = batches(t.rng, 1, n=5)[0], t.call("BatchNorm", 3, momentum=0.25)
    t.call(layer.forward, x, True)
    t.equal(layer.running_mean, 0.25 * x.mean(axis=0), what="the running mean after one batch with momentum 0.25")
    expected = 0.75 + 0.25 * x.var(axis=0, ddof=1)
    t.equal(layer.running_var, expected, what="the running variance after one batch with momentum 0.25")


def check_evaluation(t):
    """In evaluation, data of the same distribution come out with mean 0 and variance 1"""
    layer = trained(t, batches(t.rng, 300))
    x = np.concatenate(batches(t.rng, 300))
    y = t.call(layer.forward, x, False)
    t.require(
        bool(np.all(np.abs(np.mean(y, axis=0)) < 0.3)), "the mean of each column must be near 0", got=np.mean(y, axis=0)
    )
    t.require(bool(np.all(np.abs(np.var(y, axis=0) - 1.0) < 0.4)), "the variance must be near 1", got=np.var(y, axis=0))


def check_the_last_batch(t):
    """One odd batch at the end moves the statistics by a tenth of it, no more"""
    seen = batches(t.rng, 50)
    layer, other = trained(t, seen), trained(t, seen)
    odd = batches(t.rng, 1)[0] + 10.0
    t.call(other.forward, odd, True)
    t.equal(other.running_mean - layer.running_mean, 0.1 * (odd.mean(axis=0) - layer.running_mean), what="the move")


def check_evaluation_changes_nothing(t):
    """Evaluation leaves the layer as it was, and judges each row alone"""
    layer = trained(t, batches(t.rng, 5))
    mean, var = layer.running_mean.copy(), layer.running_var.copy()
    x = batches(t.rng, 1)[0]
    y = t.call(layer.forward, x, False)
    t.equal(t.call(layer.forward, x[2:4], False), y[2:4], what="two rows alone")
    t.equal(layer.running_mean, mean, what="the running mean")
    t.equal(layer.running_var, var, what="the running variance")


def check_scale_and_shift(t):
    """The scale, the shift and eps are used, in both modes"""
    for channels in (3, 1):
        layer, x = t.call("BatchNorm", channels, eps=0.5), t.rng.normal(size=(17, channels))
        layer.weight, layer.bias = t.rng.normal(size=channels), t.rng.normal(size=channels)
        expected = layer.weight * x / np.sqrt(1.5) + layer.bias
        t.equal(t.call(layer.forward, x, False), expected, what="the output of a fresh layer in evaluation, eps = 0.5")
        centred = x - x.mean(axis=0)
        expected = layer.weight * centred / np.sqrt((centred**2).mean(axis=0) + 0.5) + layer.bias
        t.equal(t.call(layer.forward, x, True), expected, what="the output in training, eps = 0.5")
