import numpy as np


def logits(image):
    """Of a pixel alone."""
    return np.stack([image, -2.0 * image, image**2])


def probabilities(a):
    e = np.exp(a - a.max(axis=0))
    return e / e.sum(axis=0)


def check_pixelwise(t):
    """A prediction that depends on the pixel alone comes back as it is"""
    image = t.rng.normal(size=(5, 5))
    t.equal(t.call("mean_over_rotations", logits, image), probabilities(logits(image)), what="the mean")


def check_mean(t):
    """Views that disagree are averaged as probabilities"""
    image, ramp = t.rng.normal(size=(5, 5)), 3.0 * np.arange(5.0)

    def predict(part):  # prefers class 1 to the right, wherever that is
        return np.stack([part, part + ramp - 6.0, 0.0 * part])

    expected, turned = 0.0, image
    for quarters in range(4):
        view = probabilities(predict(turned))
        for _ in range(quarters):
            view = view[:, ::-1].transpose(0, 2, 1)  # a quarter clockwise
        expected = expected + view / 4
        turned = turned.T[::-1]  # a quarter counter-clockwise
    t.equal(t.call("mean_over_rotations", predict, image), expected, what="the mean")


def check_rectangle(t):
    """An image that is not square"""
    image = t.rng.normal(size=(3, 7))
    t.equal(t.call("mean_over_rotations", logits, image), probabilities(logits(image)), what="the mean")
