"""The drawings that theory.md explains with. `rungs refresh` writes each as figures/NAME.svg."""

from __future__ import annotations

import numpy as np
from deformation import displacements
from transposed_numpy import ConvTranspose2d
from weight_map import two_distances, weight_map

from utils.figures.drawing import Drawing

CELL = (36, 24)


def stamps() -> str:
    """One row of three pixels and a stamp of three numbers, stride 2: each pixel's stamp, and their sum."""
    drawing = Drawing(
        206, "Three pixels press a stamp of three numbers at every second place; where two overlap they add"
    )
    x, kernel = (1, 2, 3), np.array([1.0, 10.0, 100.0])
    layer = ConvTranspose2d(1, 1, 3, stride=2, rng=np.random.default_rng(0))
    layer.weight[...] = np.diag([0.0, 1.0, 0.0]) @ np.tile(kernel, (3, 1))  # the stamp in the middle row
    y = layer.forward(np.array([[[x]]], dtype=float))[0, 0, 1]
    left, colours = 92, ("blue", "red", "green")
    drawing.text(left + 3.5 * CELL[0], 14, "kernel 1, 10, 100; stride 2", "small soft")
    for i, (value, colour) in enumerate(zip(x, colours, strict=True)):
        top = 28 + 42 * i
        drawing.matrix(8, top, [[value]], "", cell=CELL, kind=colour)
        drawing.arrow((50, top + 12), (left + 2 * i * CELL[0] - 6, top + 12), colour)
        drawing.matrix(left + 2 * i * CELL[0], top, [value * kernel], "", cell=CELL, kind=colour)
    drawing.text(26, 173, "sum", "small soft")
    drawing.matrix(left, 156, [y], "", cell=CELL)
    for place, words in ((2, "100 + 2"), (4, "200 + 3")):
        drawing.text(left + (place + 0.5) * CELL[0], 196, words, "small soft")
    return drawing.svg()


def checkerboard() -> str:
    """How many stamps meet each output pixel, for a kernel of 3 and of 2, both with stride 2."""
    drawing = Drawing(
        196, "With kernel 3 and stride 2 pixels are met by 1, 2 or 4 stamps; with kernel 2 each is met once"
    )
    for left, k, colour in ((12, 3, "red"), (192, 2, "blue")):
        layer = ConvTranspose2d(1, 1, k, stride=2, rng=np.random.default_rng(0))
        layer.weight[...] = 1.0
        counts = layer.forward(np.ones((1, 1, 5, 5)))[0, 0, 2:8, 2:8].astype(int)  # away from the border
        drawing.matrix(left, 24, counts, f"kernel {k}, stride 2", cell=(24, 24), kind=colour)
        for (row, column), count in np.ndenumerate(counts):
            for _ in range(int(np.log2(count))):  # darker with every doubling
                drawing.line(_square(left + 24 * column, 24 + 24 * row, 24), f"wash {colour}", closed=True)
    drawing.text(175, 186, "how many stamps meet each output pixel", "small soft")
    return drawing.svg()


def _square(x: float, y: float, side: float) -> tuple[tuple[float, float], ...]:
    return (x, y), (x + side, y), (x + side, y + side), (x, y + side)


def crop_and_join() -> str:
    """The paper's first step up: the skip's middle, put in front of what the up-convolution made."""
    drawing = Drawing(222, "The middle 56 by 56 pixels of the skip are put in front of the up-convolution's 56 by 56")
    scale = 1.4
    skip, inner = 64 * scale, 56 * scale
    border = (skip - inner) / 2
    drawing.box(10, 30, skip, skip)
    drawing.line(_square(10 + border, 30 + border, inner), "blue", closed=True)
    drawing.line(_square(10 + border, 30 + border, inner), "wash blue", closed=True)
    drawing.text(10 + skip / 2, 22, "skip, 512 × 64²", "small")
    drawing.text(10 + skip / 2, 30 + skip / 2 + 4, "crop 56²", "small blue")
    drawing.line(_square(10 + border, 138, inner), "red", closed=True)
    drawing.line(_square(10 + border, 138, inner), "wash red", closed=True)
    drawing.text(10 + skip / 2, 138 + inner / 2 - 4, "from below,", "small red")
    drawing.text(10 + skip / 2, 138 + inner / 2 + 12, "512 × 56²", "small red")
    drawing.arrow((106, 75), (150, 96), "blue")
    drawing.arrow((100, 177), (150, 150), "red")
    for k, (x, y) in enumerate(((158, 84), (174, 100))):
        colour = "blue" if k == 0 else "red"
        drawing.box(x, y, inner, inner)
        drawing.line(_square(x, y, inner), f"wash {colour}", closed=True)
    drawing.text(205, 74, "1024 × 56²", "small")
    drawing.text(213, 146, "joined", "small")
    drawing.arrow((258, 138), (288, 138))
    drawing.box(292, 138 - 26 * scale, 52, 52 * scale)
    drawing.text(318, 92, "512 × 52²", "small")
    drawing.text(318, 135, "two", "small soft")
    drawing.text(318, 151, "conv.", "small soft")
    return drawing.svg()


def lost_border() -> str:
    """A row of 20 pixels through the smallest network, of depth 1: 16, pooled to 8, 4 at the bottom, up to 8, 4 left."""
    drawing = Drawing(206, "Of a row of twenty pixels, a network of depth one predicts the middle four")
    side, middle = 15, 175
    rows = (
        ("image", 20, 1, ""),
        ("two conv.", 16, 1, ""),
        ("pool", 8, 2, "blue"),
        ("two conv.", 4, 2, "blue"),
        ("up", 8, 1, ""),
        ("two conv.", 4, 1, "red"),
    )
    for i, (what, count, size, colour) in enumerate(rows):
        y, width = 10 + 32 * i, side * size
        for j in range(count):
            x = middle + (j - count / 2) * width
            drawing.line(
                ((x, y), (x + width, y), (x + width, y + 18), (x, y + 18)), f"thin {colour}".strip(), closed=True
            )
            if colour:
                drawing.line(((x, y), (x + width, y), (x + width, y + 18), (x, y + 18)), f"wash {colour}", closed=True)
        if i:
            drawing.text(2, y - 3, what, "small soft start")
        drawing.text(348, y + 13, str(count), "small end")
    drawing.text(175, 202, "20 in, 4 out: 12 · 2 − 8 = 16 are lost", "small soft")
    return drawing.svg()


def gap_weights() -> str:
    """Two cells and a third, a row of pixels through them, and the weight of each pixel of that row."""
    drawing = Drawing(
        250, "Between two close cells both distances are small and the weight is high; beside one cell it is not"
    )
    height, width, middle = 41, 100, 20
    rows, columns = np.mgrid[:height, :width]
    cells = np.zeros((height, width), np.int32)
    discs = ((22, 15, "blue"), (56, 15, "red"))
    for number, (centre, radius, _) in enumerate(discs, start=1):
        cells[(rows - middle) ** 2 + (columns - centre) ** 2 <= radius**2] = number
    weights = weight_map((cells > 0).astype(np.int64), cells)[middle]
    d1, d2 = (d[middle] for d in two_distances(cells, reach=80))
    scale, left, y = 3.3, 10.0, 62.0

    def x(column: float) -> float:
        return left + scale * (column + 0.5)

    for centre, radius, colour in discs:
        drawing.dot(x(centre), y, f"wash {colour}", radius=scale * (radius + 0.5))
        drawing.text(x(centre), y + 4, "cell", f"small {colour}")
    for column, up in ((39, 0), (84, 0)):
        drawing.dot(x(column), y - up, radius=3)
    drawing.text(x(39), 13, f"d₁ = {d1[39]:g}, d₂ = {d2[39]:g}", "small")
    drawing.line(((x(39), 18), (x(39), y - 5)), "thin dashed")
    drawing.text(x(84), 44, f"d₁ = {d1[84]:g}, d₂ = {d2[84]:g}", "small")
    plot = drawing.plot((left, 138, left + scale * width, 222), x=(-0.5, width - 0.5), y=(0, 12))
    plot.axes(yticks=())
    plot.curve(np.arange(width), weights, "green")
    for column in (39, 84):
        plot.text(column, float(weights[column]), f"w = {weights[column]:.2f}", "small green", shift=(0, -7))
    drawing.text(x(2), 134, "weight", "small green start")
    drawing.text(175, 242, "a row of pixels through the middle of both cells", "small soft")
    return drawing.svg()


def deformation() -> str:
    """A lattice as a random displacement of its coarse points bends it, and the arrows that were drawn."""
    drawing = Drawing(250, "Nine arrows are drawn at random, and every line of a lattice bends smoothly with them")
    side, scale, left, top = 128, 1.55, 76, 26
    field = displacements(np.random.default_rng(11), side, side, sigma=8.0)

    def at(row: int, column: int) -> tuple[float, float]:
        return left + scale * (column + field[1, row, column]), top + scale * (row + field[0, row, column])

    places = [round(k * (side - 1) / 8) for k in range(9)]
    for k in places:
        drawing.line([at(k, j) for j in range(0, side, 3)], "thin")
        drawing.line([at(i, k) for i in range(0, side, 3)], "thin")
    for row in (0, 63, 127):
        for column in (0, 63, 127):
            start = left + scale * column, top + scale * row
            drawing.dot(*start, radius=2.5)
            drawing.arrow(start, at(row, column), "red")
    return drawing.svg()


def tiles() -> str:
    """The corner of an image: the part that a tile predicts, what it needs to see, and the mirror beyond the border."""
    drawing = Drawing(236, "To predict the corner of an image a tile must see beyond it; there the image is mirrored")
    left, top, side = 118.0, 70.0, 158.0
    drawing.box(left, top, side, side)
    paths = [
        [(0.0, 46.0), (30.0, 40.0), (62.0, 58.0), (100.0, 50.0), (158.0, 66.0)],
        [(52.0, 0.0), (44.0, 22.0), (62.0, 58.0), (56.0, 100.0), (70.0, 158.0)],
        [(100.0, 50.0), (112.0, 20.0), (106.0, 0.0)],
        [(0.0, 104.0), (56.0, 100.0), (120.0, 118.0), (158.0, 112.0)],
    ]
    seen = 48.0  # how far beyond the image the tile sees
    for path in paths:
        for start, end in zip(np.array(path[:-1]), np.array(path[1:]), strict=True):
            points = np.linspace(start, end, 25)
            drawing.line((points[[0, -1]] + (left, top)).tolist())
            for flip in ((-1, 1), (1, -1), (-1, -1)):
                mirrored = points * flip
                inside = mirrored[(mirrored >= -seen).all(axis=1) & (mirrored <= 68 + seen).all(axis=1)]
                if len(inside) > 1:
                    drawing.line((inside[[0, -1]] + (left, top)).tolist(), "dashed")
    drawing.line(_square(left - seen, top - seen, 2 * seen + 68), "blue", closed=True)
    drawing.line(_square(left, top, 68), "red", closed=True)
    drawing.line(_square(left, top, 68), "wash red", closed=True)
    drawing.text(left - seen, top - seen - 8, "what the tile sees", "small blue start")
    drawing.text(left + 34, top + 84, "predicted", "small red")
    drawing.text(left + side + 6, top + side - 6, "the image", "small soft start")
    drawing.text(left - seen - 6, top + 30, "mirrored", "small soft end")
    return drawing.svg()


DRAWINGS = {
    "stamps": stamps,
    "checkerboard": checkerboard,
    "crop_and_join": crop_and_join,
    "lost_border": lost_border,
    "gap_weights": gap_weights,
    "deformation": deformation,
    "tiles": tiles,
}
