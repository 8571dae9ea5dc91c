"""The drawings that theory.md explains with. `rungs refresh` writes each as figures/NAME.svg."""

from __future__ import annotations

import numpy as np
from conv_numpy import col2im, im2col
from lenet_numpy import C3_TABLE

from utils.figures.drawing import Drawing

CELL = (26, 24)
IMAGE = np.arange(1.0, 10.0).reshape(1, 3, 3, 1)  # (C, H, W, B)


def shared_weights() -> str:
    """Two layers of three-wide windows on a row of seven pixels: the same three weights everywhere, and what a unit sees."""
    drawing = Drawing(196, "Windows of three inputs share three weights; a unit two layers up sees five pixels")
    rows = {"pixels": (165, 7), "layer 1": (95, 5), "layer 2": (25, 3)}
    at = {name: [(175 + 42 * (i - (count - 1) / 2), y) for i in range(count)] for name, (y, count) in rows.items()}
    for below, above in (("pixels", "layer 1"), ("layer 1", "layer 2")):
        for i, (x, y) in enumerate(at[above]):
            for j, colour in enumerate(("blue", "red", "green")):
                seen = above == "layer 1" or i == 1
                drawing.line(((x, y), at[below][i + j]), colour if seen else "thin dashed")
    for name, places in at.items():
        for i, (x, y) in enumerate(places):
            seen = (
                (name == "layer 2" and i == 1)
                or (name == "layer 1" and 1 <= i <= 3)
                or (name == "pixels" and 1 <= i <= 5)
            )
            drawing.dot(x, y, "blue" if seen else "", radius=7)
        drawing.text(4, rows[name][0] + 4, name, "small soft start")
    for y, words in ((22, "one colour,"), (37, "one weight")):
        drawing.text(346, y, words, "small soft end")
    return drawing.svg()


def windows_as_columns() -> str:
    """A 3x3 image, and its four 2x2 windows as the columns of a matrix."""
    drawing = Drawing(150, "A three by three image; each of its four windows becomes a column of four numbers")
    drawing.matrix(10, 40, IMAGE[0, :, :, 0], "image", cell=CELL)
    drawing.line(((10, 40), (62, 40), (62, 88), (10, 88)), "red", closed=True)
    drawing.arrow((98, 76), (142, 76))
    drawing.text(120, 66, "im2col", "small soft")
    columns = im2col(IMAGE, 2, 1)
    drawing.matrix(150, 28, columns[:, :1], "", cell=CELL, kind="red")
    drawing.matrix(176, 28, columns[:, 1:], "", cell=CELL)
    drawing.text(202, 20, "four windows", "small")
    for row, words in enumerate(("upper left", "upper right", "lower left", "lower right")):
        drawing.text(264, 44 + 24 * row, words, "small soft start")
    drawing.text(175, 144, "5 lies in all four windows, so it is copied four times", "small soft")
    return drawing.svg()


def columns_to_image() -> str:
    """The way back: every copy brings its gradient, and the copies of a pixel are added."""
    drawing = Drawing(
        136, "Four columns of ones are added back into the image: 1 in the corners, 2 at the edges, 4 inside"
    )
    drawing.matrix(10, 28, np.ones((4, 4)), "gradient of each copy", cell=CELL)
    drawing.arrow((122, 76), (166, 76))
    drawing.text(144, 66, "col2im", "small soft")
    image = np.zeros_like(IMAGE)
    col2im(np.ones((4, 4)), image, 2, 1)
    drawing.matrix(176, 40, image[0, :, :, 0], "gradient of the image", cell=CELL)
    for row, words in enumerate(("corners: 1", "edges: 2", "middle: 4")):
        drawing.text(262, 57 + 24 * row, words, "small soft start")
    return drawing.svg()


def pooling_tie() -> str:
    """A window with two equal largest values: the first one in reading order takes the whole gradient."""
    drawing = Drawing(112, "In a window with two threes, the first one gets the whole gradient")
    drawing.matrix(20, 36, [[1, 3], [3, 0]], "x", cell=(32, 28))
    drawing.arrow((94, 64), (132, 64))
    drawing.text(113, 54, "max", "small soft")
    drawing.matrix(140, 50, [[3]], "y", cell=(32, 28), kind="blue")
    drawing.arrow((180, 64), (218, 64), "red")
    drawing.text(199, 54, "dy = 1", "small red")
    drawing.matrix(228, 36, [[0, 1], [0, 0]], "dx", cell=(32, 28), kind="red")
    return drawing.svg()


def subsampling() -> str:
    """S2 and S4: the sum of a 2x2 window, times a coefficient, plus a bias; one of each for the whole map."""
    drawing = Drawing(
        176, "Each two by two window is added up, scaled by the map's coefficient and shifted by its bias"
    )
    x = np.array([[1, 2, 0, 1], [3, 0, 1, 2], [0, 1, 2, 2], [1, 0, 0, 1]])
    sums = x.reshape(2, 2, 2, 2).sum(axis=(1, 3))
    drawing.matrix(6, 36, x, "a map, 4 × 4", cell=CELL)
    drawing.line(((58, 36), (58, 132)), "red")
    drawing.line(((6, 84), (110, 84)), "red")
    drawing.arrow((116, 84), (152, 84))
    drawing.text(134, 74, "add", "small soft")
    drawing.matrix(158, 60, sums, "sums", cell=CELL)
    drawing.arrow((214, 84), (272, 84))
    drawing.text(243, 74, "× ½ − 1", "small blue")
    drawing.matrix(278, 60, 0.5 * sums - 1, "y, 2 × 2", cell=(34, 24))
    drawing.text(175, 162, "two learned numbers for a whole map", "small soft")
    return drawing.svg()


def c3_table() -> str:
    """Table I: which maps of S2 (rows) each map of C3 (columns) sees."""
    drawing = Drawing(178, "Table I: sixteen columns for the maps of C3, six rows for the maps of S2, sixty links")
    side, left, top = 18, 54, 34
    drawing.box(left, top, 16 * side, 6 * side)
    for o, maps in enumerate(C3_TABLE):
        drawing.text(left + side * (o + 0.5), top - 5, str(o), "small soft")
        for c in maps:
            drawing.dot(left + side * (o + 0.5), top + side * (c + 0.5), "blue", radius=5)
    for c in range(6):
        drawing.text(left - 8, top + side * (c + 0.5) + 4, str(c), "small soft end")
    drawing.text(left + 8 * side, 12, "map of C3", "small")
    drawing.text(2, top + 3 * side + 4, "S2", "small start")
    for end, words in ((6, "3 links each"), (15, "4 links each"), (16, "")):
        drawing.line(((left + side * end, top), (left + side * end, top + 6 * side)), "thin red")
        if words:
            drawing.text(left + side * (end - (3 if end == 6 else 4.5)), top + 6 * side + 18, words, "small soft")
    drawing.text(346, top + 6 * side + 18, "all", "small soft end")
    return drawing.svg()


DRAWINGS = {
    "shared_weights": shared_weights,
    "windows_as_columns": windows_as_columns,
    "columns_to_image": columns_to_image,
    "pooling_tie": pooling_tie,
    "subsampling": subsampling,
    "c3_table": c3_table,
}
