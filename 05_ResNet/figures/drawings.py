"""The drawings that theory.md explains with. `rungs refresh` writes each as figures/NAME.svg."""

from __future__ import annotations

import numpy as np

from utils.figures.drawing import Drawing


def degradation_sketch() -> str:
    """What one would expect of a deeper network, and what happened: a sketch, no measurement."""
    drawing = Drawing(190, "A sketch: the deeper plain network ends with the larger training error")
    plot = drawing.plot((26, 14, 240, 158), x=(0, 10), y=(0, 1))
    plot.axes("training time", "training error")
    x = np.linspace(0.4, 10, 50)
    plot.curve(x, 0.22 + 0.7 * np.exp(-0.7 * x), "blue")
    plot.curve(x, 0.42 + 0.5 * np.exp(-0.5 * x), "red")
    plot.curve(x, 0.10 + 0.82 * np.exp(-0.6 * x), "dashed green")
    for value, words, colour in (
        (0.42, "56 layers, plain", "red"),
        (0.23, "20 layers, plain", "blue"),
        (0.10, "56 layers, hoped", "green"),
    ):
        plot.text(10, value, words, f"small start {colour}", shift=(6, 4))
    return drawing.svg()


def two_ways_back() -> str:
    """The gradient of a residual block: through the branch, and along the shortcut; they are added."""
    drawing = Drawing(172, "The gradient comes back through the branch and along the shortcut, and the two are added")
    drawing.text(20, 60, "x", "bold")
    drawing.box(96, 38, 120, 36, "branch F")
    drawing.box(272, 44, 24, 24, "+")
    drawing.arrow((30, 56), (94, 56))
    drawing.arrow((218, 56), (270, 56))
    drawing.arrow((298, 56), (330, 56))
    drawing.text(340, 60, "y", "bold")
    drawing.line(((48, 56), (48, 14), (284, 14)))
    drawing.arrow((284, 14), (284, 42))
    drawing.text(166, 10, "shortcut", "small soft")
    drawing.text(340, 116, "dy", "bold red")
    drawing.arrow((326, 112), (40, 112), "red")
    drawing.text(178, 106, "Jᵀ dy, through the branch", "small red")
    drawing.line(((320, 120), (320, 146)), "blue")
    drawing.line(((320, 146), (24, 146)), "blue")
    drawing.arrow((24, 146), (24, 122), "blue")
    drawing.text(178, 162, "dy, along the shortcut: unchanged", "small blue")
    drawing.text(20, 116, "dx", "bold")
    return drawing.svg()


def product_against_sum() -> str:
    """Gradients at depth 0 to 20 for a factor of 0.8 and 0.2 per layer, on a logarithmic scale."""
    drawing = Drawing(200, "A product of factors leaves one in any direction; with shortcuts every block adds to one")
    plot = drawing.plot((44, 14, 222, 166), x=(0, 20), y=(-14, 4))
    plot.axes("", "size, as a power of ten", xticks=[5, 10, 15], yticks=[-14, -7])
    plot.text(10, -4, "blocks", "small soft")
    blocks = np.arange(0, 21)
    for words, factor, colour, place in (
        ("plain, 0.2 each", 0.2, "red", -13.6),
        ("plain, 0.8 each", 0.8, "blue", -2.4),
        ("shortcut, 1 + 0.2", 1.2, "green", 1.4),
    ):
        plot.curve(blocks, blocks * np.log10(factor), colour)
        plot.text(20, place, words, f"small start {colour}", shift=(6, 4))
    return drawing.svg()


def options() -> str:
    """Option A keeps every second pixel and adds channels of zeros; option B multiplies every second pixel by a matrix."""
    drawing = Drawing(236, "Option A pads with zeros, option B projects; both keep one pixel in four")
    image = np.arange(1, 17).reshape(4, 4)
    cell = (24, 22)
    drawing.matrix(8, 84, image, "one channel", cell=cell)
    for i in (0, 2):
        for j in (0, 2):
            drawing.line(
                [(8 + 24 * (j + a), 84 + 22 * (i + b)) for a, b in ((0, 0), (1, 0), (1, 1), (0, 1))], "red", closed=True
            )
    small = image[::2, ::2]
    drawing.arrow((112, 110), (156, 64))
    drawing.arrow((112, 146), (156, 190))
    drawing.text(128, 72, "A", "bold")
    drawing.text(128, 196, "B", "bold")
    drawing.matrix(164, 36, small, "kept", cell=cell, kind="red")
    drawing.matrix(232, 36, 0 * small, "zeros", cell=cell)
    drawing.text(206, 102, "no parameters", "small soft")
    drawing.matrix(164, 160, 2 * small, "× 2", cell=cell, kind="blue")
    drawing.matrix(232, 160, -small, "× −1", cell=(30, 22), kind="blue")
    drawing.text(232, 226, "learned factors; normalised after", "small soft")
    return drawing.svg()


def projection() -> str:
    """The gradient before and after batch normalisation's backward pass: the part along x-hat is taken off."""
    drawing = Drawing(206, "The gradient loses its part along x hat: what is left is at right angles to it")
    plot = drawing.plot((60, 14, 270, 190), x=(-0.4, 3.0), y=(-0.5, 2.1))
    hat = np.array([2.6, 0.5])
    dy = np.array([1.6, 1.8])
    along = hat * (dy @ hat) / (hat @ hat)
    plot.arrow((0, 0), (float(hat[0]), float(hat[1])), "blue")
    plot.text(2.6, 0.5, "x̂", "blue start bold", shift=(8, 4))
    plot.arrow((0, 0), (1.6, 1.8), "red")
    plot.text(1.6, 1.8, "dy − mean", "red start", shift=(8, 0))
    plot.curve([float(dy[0]), float(along[0])], [float(dy[1]), float(along[1])], "dashed")
    rest = dy - along
    plot.arrow((0, 0), (float(rest[0]), float(rest[1])), "green")
    plot.text(float(rest[0]), float(rest[1]), "dx ∝", "green end bold", shift=(-4, 2))
    plot.dot(float(along[0]), float(along[1]))
    plot.text(float(along[0]), float(along[1]), "the part that only scales x", "small soft start", shift=(-64, 30))
    return drawing.svg()


def two_statistics() -> str:
    """Batch means jump, the running mean follows slowly."""
    drawing = Drawing(184, "The mean of each batch jumps about; the running mean follows slowly from zero")
    plot = drawing.plot((26, 14, 250, 160), x=(0, 40), y=(0, 5))
    plot.axes("batches", "mean of a channel", yticks=[3])
    rng = np.random.default_rng(3)
    means = 3 + 0.45 * rng.standard_normal(40)
    running, value = [], 0.0
    for mean in means:
        value = 0.9 * value + 0.1 * mean
        running.append(value)
    for batch, mean in enumerate(means):
        plot.dot(batch, float(mean), "red", radius=2.5)
    plot.curve(np.arange(40), running, "blue")
    plot.text(40, 3.4, "of each batch:", "small start red", shift=(6, 0))
    plot.text(40, 3.4, "training", "small start red", shift=(6, 15))
    plot.text(40, 2.4, "running:", "small start blue", shift=(6, 0))
    plot.text(40, 2.4, "evaluation", "small start blue", shift=(6, 15))
    return drawing.svg()


DRAWINGS = {
    "degradation_sketch": degradation_sketch,
    "two_ways_back": two_ways_back,
    "product_against_sum": product_against_sum,
    "options": options,
    "projection": projection,
    "two_statistics": two_statistics,
}
