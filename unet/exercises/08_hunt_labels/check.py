import numpy as np

CASES = [((13, 17), (7, 11)), ((13, 17), (1, 5)), ((13, 17), (5, 1)), ((1, 9), (3, 4)), ((9, 1), (3, 4))]


def places(t, shape, size):
    """Within the image: (2, h, w)"""
    return t.rng.uniform(size=(2, *size)) * (np.array(shape)[:, None, None] - 1)


def check_classes(t):
    """Labels stay the classes that there are"""
    for shape, size in CASES:
        labels = np.where(t.rng.random(shape) < 0.5, 0, 2)
        where = places(t, shape, size)
        _, got = t.call("sample_pair", labels.astype(float), labels, where)
        nearest = np.round(where).astype(int)
        t.equal(got, labels[nearest[0], nearest[1]], what="the labels")


def check_image(t):
    """The image is interpolated linearly"""
    for shape, size in CASES:
        image = np.add.outer(3.0 * np.arange(shape[0]), np.arange(shape[1])) - 20.0
        where = places(t, shape, size)
        got, _ = t.call("sample_pair", image, image.astype(int), where)
        t.equal(got, 3.0 * where[0] + where[1] - 20.0, what="the image")


def check_border(t):
    """Beyond the border image and labels are mirrored alike"""
    labels = t.rng.integers(0, 3, (13, 17))
    where = np.stack(np.mgrid[-5:20, -5:23])
    moved, got = t.call("sample_pair", labels.astype(float), labels, where.astype(float))
    padded = np.pad(labels, ((5, 7), (5, 6)), mode="reflect")
    t.equal(got, padded, what="the labels")
    t.equal(moved, padded.astype(float), what="the image")
