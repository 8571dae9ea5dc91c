import numpy as np

CASES = [(1, 18), (1, 20), (2, 44), (2, 52)]  # depth, side


def reached(depth, side, row):
    """First and last row of the image that a row of the label map sees, followed down through figure 1."""
    skips = [side - 4]  # rows of the maps on the way down, and of those that are joined to them on the way up
    for _ in range(depth):
        skips.append(skips[-1] // 2 - 4)
    size, joined = skips.pop(), []
    for _ in range(depth):
        joined.insert(0, 2 * size)
        size = 2 * size - 4

    def down(level, low, high):
        """Through the two convolutions of a level, and the poolings and levels before it."""
        return (low, high + 4) if level == 0 else down(level - 1, 2 * low, 2 * (high + 4) + 1)

    def up(level, low, high):
        """Through the two convolutions of a step up, the skip, and what comes from below."""
        if level == depth:
            return down(level, low, high)
        rest = (skips[level] - joined[level]) // 2
        ways = [down(level, low + rest, high + 4 + rest), up(level + 1, low // 2, (high + 4) // 2)]
        return min(first for first, _ in ways), max(last for _, last in ways)

    return up(0, row, row)


def counted(depth, side):
    return [reached(depth, side, row) for row in range(side - 12 * 2**depth + 8)]


class Windows:
    """In the place of a network: every row of the label map sees the rows of a window, in the middle column."""

    def __init__(self, side, windows):
        self.side, self.windows = side, windows

    def forward(self, images, training=True):
        if images.shape[1:] != (1, self.side, self.side):
            raise ValueError(f"expected images of {self.side} x {self.side} pixels, got {images.shape}")
        h = len(self.windows)
        logits = np.ones((len(images), 2, h, h))
        for i, (first, last) in enumerate(self.windows):
            logits[:, :, i, h // 2] += images[:, 0, first : last + 1, self.side // 2].sum(axis=1)[:, None]
        return logits


WINDOWS = [  # side, windows
    (13, [(0, 6), (1, 10), (3, 9)]),
    (14, [(3, 12), (1, 11), (0, 8), (2, 10)]),
    (11, [(5, 5), (4, 10), (0, 7)]),
    (9, [(0, 8)]),
]


def check_rows(t):
    """Every row of the label map sees the rows that counting gives"""
    for depth, side in CASES:
        model = t.get("positive_unet")(depth, 2, t.rng)
        got = t.call("rows_seen", model, side)
        t.equal(got, np.array(counted(depth, side)), what=f"the rows, depth {depth}, side {side}")
    for side, windows in WINDOWS:
        got = t.call("rows_seen", Windows(side, windows), side)
        t.equal(got, np.array(windows), what="the rows of a network that sees a window of its own for each row")


def check_most(t):
    """The largest field is found"""
    model = t.get("positive_unet")(2, 2, t.rng)
    t.equal(t.call("sees_most", model, 52), max(b - a + 1 for a, b in counted(2, 52)), what="depth 2, side 52")
    for side, windows in WINDOWS:
        most = max(last - first + 1 for first, last in windows)
        t.equal(t.call("sees_most", Windows(side, windows), side), most, what="of windows of several lengths")


def check_reach(t):
    """The shortest reach is found, above or below"""
    cases = [(t.get("positive_unet")(2, 2, t.rng), 52, counted(2, 52))]
    cases += [(Windows(side, windows), side, windows) for side, windows in WINDOWS]
    for model, side, windows in cases:
        lost = (side - len(windows)) // 2
        reach = [n for i, (first, last) in enumerate(windows) for n in (i + lost - first, last - i - lost)]
        t.equal(t.call("shortest_reach", model, side), min(reach), what=f"side {side}")
