import numpy as np


def check_classes(t):
    """Labels stay the classes that there are"""
    labels = np.where(t.rng.random((13, 17)) < 0.5, 0, 2)
    where = t.rng.uniform(0.0, 12.0, (2, 7, 11))
    _, got = t.call("sample_pair", labels.astype(float), labels, where)
    nearest = np.round(where).astype(int)
    t.equal(got, labels[nearest[0], nearest[1]], what="the labels")


def check_image(t):
    """The image is interpolated linearly"""
    image = np.add.outer(3.0 * np.arange(13), np.arange(17))
    where = t.rng.uniform(0.0, 12.0, (2, 7, 11))
    got, _ = t.call("sample_pair", image, image.astype(int), where)
    t.equal(got, 3.0 * where[0] + where[1], what="the image")


def check_border(t):
    """Beyond the border image and labels are mirrored alike"""
    labels = t.rng.integers(0, 3, (13, 17))
    where = np.stack(np.mgrid[-5:20, -5:23])
    moved, got = t.call("sample_pair", labels.astype(float), labels, where.astype(float))
    padded = np.pad(labels, ((5, 7), (5, 6)), mode="reflect")
    t.equal(got, padded, what="the labels")
    t.equal(moved, padded.astype(float), what="the image")
