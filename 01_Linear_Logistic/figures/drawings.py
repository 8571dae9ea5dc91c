"""The drawings that theory.md explains with. `rungs refresh` writes each as figures/NAME.svg."""

from __future__ import annotations

import numpy as np
from logistic_numpy import sigmoid

from utils.figures.drawing import Drawing


def sigmoid_slope() -> str:
    """The sigmoid above, its derivative below: 0.25 at most, next to nothing where it is flat."""
    drawing = Drawing(226, "The sigmoid and its derivative: flat at both ends, slope 0.25 in the middle")
    z = np.linspace(-7, 7, 71)
    s = sigmoid(z)
    plot = drawing.plot((30, 10, 335, 105), x=(-7, 7), y=(0, 1))
    plot.axes("", "σ(z)", yticks=[1])
    plot.curve(z, s, "blue")
    slope = drawing.plot((30, 130, 335, 200), x=(-7, 7), y=(0, 0.25))
    slope.axes("z", "σ′ = σ(1 − σ)", xticks=[-6, -4, -2, 2, 4], yticks=[])
    slope.curve(z, s * (1 - s), "red")
    slope.text(0, 0.25, "0.25", "small red start", shift=(24, 6))
    for at, words in ((-5.0, "saturated"), (5.0, "saturated")):
        value = float(sigmoid(np.array([at]))[0])
        plot.dot(at, value, "blue")
        slope.dot(at, value * (1 - value), "red")
        slope.text(at, 0, f"{value * (1 - value):.4f}", "small red", shift=(0, -14))
        plot.text(at, value, words, "small soft", shift=(0, -10 if at < 0 else 20))
    return drawing.svg()


DRAWINGS = {"sigmoid": sigmoid_slope}
