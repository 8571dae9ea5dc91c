import numpy as np


def box_mean(margin):
    """A network of one layer: the mean of a square window, with no parameter to hide behind."""
    k = 2 * margin + 1

    def predict(part):
        weights = np.arange(1.0, k * k + 1).reshape(k, k)
        return np.einsum("hwij,ij->hw", np.lib.stride_tricks.sliding_window_view(part, (k, k)), weights)

    return predict


def check_no_seam(t):
    """The tiles together equal one pass over the whole mirrored image"""
    for shape, margin, out in (((10, 15), 2, 5), ((14, 7), 3, 7), ((6, 9), 1, 3), ((1, 3), 1, 1), ((3, 1), 1, 1)):
        image, predict = t.rng.normal(size=shape), box_mean(margin)
        got = t.call("overlap_tile", predict, image, out + 2 * margin, out)
        t.equal(got, predict(np.pad(image, margin, mode="reflect")), what="the prediction")


def check_calls(t):
    """The network is called once for each tile, with a tile"""
    seen = []

    def predict(part):
        seen.append(part.shape)
        return part[2:-2, 2:-2]

    image = t.rng.normal(size=(10, 15))
    got = t.call("overlap_tile", predict, image, 9, 5)
    t.equal(got, image, what="of a network that returns what it sees")
    t.own_memory(got, image)
    t.require(set(seen) == {(9, 9)} and len(seen) % 6 == 0, "predict must get six tiles of 9 x 9", got=len(seen))
